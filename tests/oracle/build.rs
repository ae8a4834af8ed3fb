//! Every interface file → its types as Rust, how to make values of them, and a table of all of them.

#[path = "src/interfaces.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use the rest")]
mod interfaces;

use interfaces::Interface;
use rpcgen_rs::ir::{Chain, Name, Spec, Type, TypeDef, TypeKind, Union};
use std::fmt::Write;
use std::path::Path;

fn main() {
    let out = std::env::var("OUT_DIR").expect("cargo sets it");
    let out = Path::new(&out);
    let (mut modules, mut table) = (String::new(), String::new());
    for interface in interfaces::all() {
        println!("cargo:rerun-if-changed={}", interface.path.display());
        let module = &interface.module;
        let path = out.join(format!("{module}.rs"));
        std::fs::write(&path, &interface.rust).expect("OUT_DIR is writable");
        writeln!(modules, "pub mod {module} {{ include!({path:?}); }}").expect("text");
        for (index, def) in interface.spec.types.iter().enumerate() {
            // A typedef is a type of its own where the options select it and no list is walked by it.
            let alias = format!("pub type {} =", ident(&def.name));
            if matches!(def.kind, TypeKind::Alias(_)) && interface.rust.contains(&alias) {
                continue;
            }
            let ty = format!("{module}::{}", ident(&def.name));
            modules.push_str(&fill(&interface, def, &ty));
            // The nodes of a list have no codec by themselves.
            if def.layout.list == Some(Chain::List) {
                continue;
            }
            let x = &def.name.x;
            writeln!(table, "Entry::new::<{ty}>({module:?}, {x:?}, {index}),").expect("text");
        }
    }
    let text = format!("{modules}\npub static TYPES: &[Entry] = &[\n{table}];\n");
    std::fs::write(out.join("types.rs"), text).expect("OUT_DIR is writable");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/interfaces.rs");
    println!("cargo:rerun-if-changed=../corpus/x");
    println!("cargo:rerun-if-changed=../golden/cases");
}

fn ident(name: &Name) -> String {
    format!("{}{}", if name.raw { "r#" } else { "" }, name.rust)
}

fn fill(interface: &Interface, def: &TypeDef, ty: &str) -> String {
    let body = match &def.kind {
        TypeKind::Struct(fields) => {
            let list = def.layout.list == Some(Chain::List);
            let fields = &fields[..fields.len() - usize::from(list)];
            let fields: String = fields
                .iter()
                .map(|field| format!("{}: Fill::fill(t), ", ident(&field.name)))
                .collect();
            format!("Self {{ {fields}}}")
        }
        // An open enum is a struct around its number.
        TypeKind::Enum(_) if interface.options.open_enum.selects(&def.name.x, None) => {
            "Self(i32::fill(t))".to_owned()
        }
        TypeKind::Enum(_) => "Self::try_from(i32::fill(t)).expect(\"a declared value\")".to_owned(),
        TypeKind::Union(union) => arms(&interface.spec, union),
        TypeKind::Alias(_) => "Self(Fill::fill(t))".to_owned(),
        TypeKind::Extern(path) => panic!("{path} has no values"),
    };
    format!("impl Fill for {ty} {{ fn fill(t: &mut Tokens<'_>) -> Self {{ {body} }} }}\n")
}

fn arms(spec: &Spec, union: &Union) -> String {
    let mut text = "let tag = i64::fill(t);\nmatch tag {\n".to_owned();
    for case in &union.cases {
        let name = ident(&case.name);
        let value = case.arm.ty.as_ref().map_or("", |_| "(Fill::fill(t))");
        writeln!(text, "{} => Self::{name}{value},", case.value).expect("text");
    }
    let is_bool = *spec.resolve(&union.tag) == Type::Bool;
    let has = |value| union.cases.iter().any(|case| case.value == value);
    let other = ["Other", "OtherTag", "OtherTag_"];
    let free = |name: &&&str| !union.cases.iter().any(|case| case.name.rust == **name);
    let (name, tag) = match (is_bool, has(0), has(1)) {
        (true, true, true) => ("", false),
        (true, true, false) => ("True", false),
        (true, false, true) => ("False", false),
        _ => (other.iter().find(free).copied().unwrap_or("Other_"), true),
    };
    if let Some(arm) = union.default.as_ref().filter(|_| !name.is_empty()) {
        let value = arm.ty.as_ref().map(|_| "Fill::fill(t)");
        let fields: Vec<&str> = tag
            .then_some("tag_of(tag)")
            .into_iter()
            .chain(value)
            .collect();
        let fields = fields.join(", ");
        let open = if fields.is_empty() {
            String::new()
        } else {
            format!("({fields})")
        };
        writeln!(text, "_ => Self::{name}{open},").expect("text");
    } else {
        text.push_str("_ => panic!(\"no arm\"),\n");
    }
    text + "}"
}
