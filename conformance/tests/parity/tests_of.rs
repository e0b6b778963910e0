//! The names of the tests in a folder of Rust sources, as the test harness writes them: module by module. It goes by the
//! attributes and, for modules inside a file, by the indentation that `rustfmt` gives them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

pub(crate) fn folder(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect(folder, &mut Vec::new(), &mut names);
    assert!(!names.is_empty(), "{} holds no tests", folder.display());
    names
}

fn collect(folder: &Path, modules: &mut Vec<String>, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        if path.is_dir() {
            modules.push(stem);
            collect(&path, modules, names);
            modules.pop();
        } else if is_source {
            let text = fs::read_to_string(&path).expect("the source is readable");
            let own = Some(stem).filter(|stem| !matches!(&**stem, "mod" | "lib" | "main"));
            let file: Vec<_> = modules.iter().cloned().chain(own).collect();
            names.extend(in_file(&text, &file));
        }
    }
}

/// The tests of one file that is the module `file`.
fn in_file(text: &str, file: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    // Modules that are open, with the indentation that closes them.
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut is_test = false;
    for line in text.lines() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        if code.starts_with("#[test]") || code.starts_with("#[tokio::test") {
            is_test = true;
        } else if code == "}" && open.last().is_some_and(|(at, _)| *at == indent) {
            open.pop();
        } else if let Some(module) = module_of(code) {
            open.push((indent, module));
        } else if let (true, Some(name)) = (is_test, function_of(code)) {
            let path = file.iter().map(String::as_str).chain(open.iter().map(|(_, module)| *module));
            names.push(path.chain([name]).collect::<Vec<_>>().join("::"));
            is_test = false;
        }
    }
    names
}

fn module_of(code: &str) -> Option<&str> {
    let code = code.strip_prefix("pub(crate) ").unwrap_or(code);
    code.strip_prefix("mod ")?.strip_suffix(" {")
}

fn function_of(code: &str) -> Option<&str> {
    let code = code.strip_prefix("async ").unwrap_or(code);
    code.strip_prefix("fn ")?.split(['(', '<']).next()
}

#[test]
fn tests_are_found_in_their_modules_and_helpers_are_not() {
    let text = concat!(
        "fn helper() {}\n\n#[test]\nfn top() {\n}\n\nmod inner {\n    #[tokio::test(start_paused = true)]\n",
        "    #[ignore]\n    async fn deep() {\n    }\n}\n\n#[test]\nfn after() {}\n"
    );
    let names = in_file(text, &["a".to_owned(), "b".to_owned()]);
    assert_eq!(names, ["a::b::top", "a::b::inner::deep", "a::b::after"]);
}
