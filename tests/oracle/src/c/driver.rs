//! Resolved interface → the C program around rpcgen's filters: for each type a function that fills it with numbers.

use rpcgen_rs::ir::{Spec, Type, TypeDef, TypeId, TypeKind, Union};
use std::collections::BTreeSet;
use std::fmt::Write;

/// How the C side spells names.
pub(super) trait Names {
    fn ty(&self, def: &TypeDef) -> String;
    /// A member of a struct, or a discriminant.
    fn member(&self, x: &str) -> String;
    /// The member of a union for an arm; `None` is the default one.
    fn arm(&self, union: &Union, case: Option<usize>) -> String;
}

/// As in the interface file.
pub(super) struct Original;

impl Names for Original {
    fn ty(&self, def: &TypeDef) -> String {
        def.name.x.clone()
    }
    fn member(&self, x: &str) -> String {
        x.to_owned()
    }
    fn arm(&self, union: &Union, case: Option<usize>) -> String {
        let arm = match case {
            Some(at) => Some(&union.cases[at].arm),
            None => union.default.as_ref(),
        };
        let name = arm.and_then(|arm| arm.name.as_ref());
        name.map(|name| name.x.clone()).unwrap_or_default()
    }
}

const HEAD: &str = r#"/* Reads values as numbers, writes them as XDR: see src/c.rs. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t *o_at, *o_end;
static char *o_room, *o_room_end;

static uint64_t o_number(void)
{
    if (o_at == o_end)
        abort();
    return *o_at++;
}

static void *o_many(uint64_t n, size_t size)
{
    char *p = o_room;
    o_room += (n * size + 16) & ~(size_t)15;
    if (o_room > o_room_end)
        abort();
    memset(p, 0, o_room - p);
    return p;
}

static void o_fixed(uint64_t n)
{
    if (o_number() != n)
        abort();
}

static uint32_t o_bits32;
static uint64_t o_bits64;
"#;

const MAIN: &str = r#"
int main(void)
{
    uint64_t head[2], *numbers = NULL;
    /* A union has the size of its largest arm, however small the arm that is in it. */
    size_t space = 1 << 20, room = 0;
    char *memory = NULL, *out = NULL;
    while (fread(head, sizeof head, 1, stdin) == 1) {
        XDR xdrs;
        int done;
        while (space < head[1] * 64 + 4096)
            space *= 2;
        if (room < space) {
            room = space;
            numbers = realloc(numbers, room);
            memory = realloc(memory, room);
            out = realloc(out, room);
        }
        if (!numbers || !memory || !out || fread(numbers, 8, head[1], stdin) != head[1])
            abort();
        o_at = numbers;
        o_end = o_at + head[1];
        o_room = memory;
        o_room_end = memory + space;
        xdrmem_create(&xdrs, out, space, XDR_ENCODE);
        done = o_one(head[0], &xdrs);
        if (o_at != o_end)
            abort();
        head[0] = done ? xdr_getpos(&xdrs) : UINT64_MAX;
        fwrite(head, 8, 1, stdout);
        if (done)
            fwrite(out, 1, head[0], stdout);
    }
    return 0;
}
"#;

/// Prints the program.
pub(super) fn print(spec: &Spec, names: &dyn Names, without: &BTreeSet<u32>) -> String {
    let printer = Printer { names };
    let here = || {
        (0u32..)
            .zip(&spec.types)
            .filter(|(id, _)| !without.contains(id))
    };
    let mut text = HEAD.to_owned();
    for (id, def) in here() {
        let name = names.ty(def);
        writeln!(text, "static void o_fill_{id}({name} *p);").expect("text");
    }
    for (id, def) in here() {
        let name = names.ty(def);
        let body = printer.body(def, &name);
        writeln!(text, "static void o_fill_{id}({name} *p)\n{{\n{body}}}").expect("text");
    }
    text.push_str("static int o_one(uint64_t type, XDR *xdrs)\n{\n    switch (type) {\n");
    for (id, def) in here().filter(|(_, def)| !matches!(def.kind, TypeKind::Alias(_))) {
        let name = names.ty(def);
        writeln!(
            text,
            "    case {id}: {{ {name} *p = o_many(1, sizeof *p); o_fill_{id}(p); return xdr_{name}(xdrs, p); }}"
        )
        .expect("text");
    }
    text + "    }\n    abort();\n}\n" + MAIN
}

struct Printer<'a> {
    names: &'a dyn Names,
}

impl Printer<'_> {
    fn body(&self, def: &TypeDef, name: &str) -> String {
        match &def.kind {
            // libtirpc's own, with members of other names.
            TypeKind::Alias(ty) if name == "des_block" => self.fill(ty, "p->c", ""),
            TypeKind::Alias(ty) if name == "netobj" => {
                let text = self.fill(ty, "(*p)", name);
                text.replace("netobj_len", "n_len")
                    .replace("netobj_val", "n_bytes")
            }
            TypeKind::Alias(ty) => self.fill(ty, "(*p)", name),
            TypeKind::Struct(fields) => fields
                .iter()
                .map(|field| {
                    let member = self.names.member(&field.name.x);
                    self.fill(&field.ty, &format!("p->{member}"), &member)
                })
                .collect(),
            TypeKind::Enum(_) => "    *p = (int)o_number();\n".to_owned(),
            TypeKind::Union(union) => self.union(union, name),
            TypeKind::Extern(_) => String::new(),
        }
    }

    fn union(&self, union: &Union, name: &str) -> String {
        let tag = self.names.member(&union.discriminant.x);
        let mut text = format!("    uint64_t tag = o_number();\n    p->{tag} = tag;\n    ");
        let mut arm = |at: Option<usize>, ty: Option<&Type>| {
            let member = self.names.arm(union, at);
            let fill = ty.map(|ty| self.fill(ty, &format!("p->{name}_u.{member}"), &member));
            if let Some(at) = at {
                write!(text, "if (tag == {}u) ", union.cases[at].value as u64).expect("text");
            }
            write!(text, "{{\n{}    }}", fill.unwrap_or_default()).expect("text");
            text.push_str(if at.is_some() { " else " } else { "\n" });
        };
        for (at, case) in union.cases.iter().enumerate() {
            arm(Some(at), case.arm.ty.as_ref());
        }
        arm(None, union.default.as_ref().and_then(|arm| arm.ty.as_ref()));
        text
    }

    /// Statements that fill `place`; `base` is what C calls the parts of a counted array after.
    fn fill(&self, ty: &Type, place: &str, base: &str) -> String {
        // An array of arrays (of bytes behind a typedef) has an index of its own.
        let i = if place.contains("[i]") { "j" } else { "i" };
        let counted = |element: &dyn Fn(&str) -> String| {
            let fill = element(&format!("{place}.{base}_val[{i}]"));
            format!(
                "    {place}.{base}_len = o_number();\n    \
                 {place}.{base}_val = o_many({place}.{base}_len, sizeof *{place}.{base}_val);\n    \
                 for (u_int {i} = 0; {i} < {place}.{base}_len; {i}++) {{\n    {fill}    }}\n"
            )
        };
        let fixed = |length: u64, element: &dyn Fn(&str) -> String| {
            let fill = element(&format!("{place}[{i}]"));
            format!(
                "    o_fixed({length}u);\n    \
                 for (u_int {i} = 0; {i} < {length}u; {i}++) {{\n    {fill}    }}\n"
            )
        };
        let byte = |place: &str| format!("    {place} = o_number();\n");
        match ty {
            Type::Float => {
                format!("    o_bits32 = o_number();\n    memcpy(&{place}, &o_bits32, 4);\n")
            }
            Type::Double => {
                format!("    o_bits64 = o_number();\n    memcpy(&{place}, &o_bits64, 8);\n")
            }
            Type::Quadruple => fixed(16, &byte),
            Type::OpaqueFixed(length) => fixed(*length, &byte),
            Type::Opaque(_) => counted(&byte),
            Type::String(_) => format!(
                "    {{\n        uint64_t n = o_number();\n        {place} = o_many(n + 1, 1);\n        \
                 for (uint64_t k = 0; k < n; k++)\n            {place}[k] = o_number();\n    }}\n"
            ),
            Type::Array(element, length) => fixed(*length, &|place| self.fill(element, place, "")),
            Type::Vec(element, _) => counted(&|place| self.fill(element, place, "")),
            Type::Optional(pointee) => {
                let inner = self.fill(pointee, &format!("(*{place})"), "");
                format!(
                    "    {place} = NULL;\n    if (o_number()) {{\n        \
                     {place} = o_many(1, sizeof *{place});\n    {inner}    }}\n"
                )
            }
            Type::Named(TypeId(id)) => format!("    o_fill_{id}(&{place});\n"),
            _ => byte(place),
        }
    }
}
