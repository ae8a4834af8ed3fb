use crate::options::Options;
use crate::testing::compile_with;

#[test]
fn nothing_is_made_of_wrong_input_and_the_spec_is_an_error() {
    let output = compile_with(&Options::default(), "struct s { nosuch a; };");
    assert!(output.files.is_empty());
    let errors = output.spec().unwrap_err();
    assert!(errors.to_string().contains("test.x, line 1:"), "{errors}");
    assert!(format!("{errors:?}").contains("nosuch"));
}

#[test]
fn h150_the_same_input_gives_the_same_output() {
    let text = "enum e { A, B }; struct s { e x; s *next; }; union u switch (e k) { case A: s x; default: void; };
                struct foo_bar { int a; }; struct fooBar { int a; }; program P { version V { u F(s) = 1; e G(u) = 2; } = 1; } = 9;";
    let first = compile_with(&Options::default(), text);
    for _ in 0..20 {
        let again = compile_with(&Options::default(), text);
        assert_eq!(again.files, first.files);
        assert!(again.diagnostics.iter().eq(first.diagnostics.iter()));
    }
}

#[test]
fn an_empty_file_is_an_interface_without_anything() {
    let output = compile_with(&Options::default(), "");
    assert!(output.diagnostics.is_empty());
    assert_eq!(output.files.len(), 1);
}

#[test]
fn h127_definitions_by_the_ten_thousand_on_one_line() {
    let definition =
        |n: usize| format!("const C{n} = {n}; struct s{n} {{ int a[C{n}]; string b<>; }}; ");
    let text: String = (0..20_000).map(definition).collect();
    let options = Options::default().emit(crate::options::Formats::NONE);
    let output = compile_with(&options, &text);
    assert_eq!(output.spec().unwrap().types.len(), 20_000);
    // And by a stated limit, an option, not at all.
    let output = compile_with(&options.max_input(1000), &text);
    assert!(
        output.diagnostics.has_errors() && output.spec().unwrap_err().to_string().contains("1000")
    );
}

#[test]
fn h131_many_undefined_names_end_in_time() {
    let text: String = (0..20_000)
        .map(|n| format!("struct s{n} {{ undefined{n} x; }}; "))
        .collect();
    let output = compile_with(&Options::default(), &text);
    assert!(output.diagnostics.suppressed() > 19_000);
}
