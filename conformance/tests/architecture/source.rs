//! Reads Rust sources just well enough to see which paths they name: comments and test modules are dropped, `use` trees
//! are flattened. It is no parser: a path spelled inside a string counts, and one made by a macro does not.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file: its path below the crate's `src`, and its code without comments and unit tests.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) code: String,
}

/// All sources of a crate but its test modules (`tests.rs`, `tests/`, and a `mod tests` at the end of a file).
pub(crate) fn sources(crate_folder: &str) -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(crate_folder).join("src");
    let mut files = Vec::new();
    collect(&src, &mut files);
    assert!(!files.is_empty(), "{} holds no sources", src.display());
    files.sort();
    files.iter().map(|file| read(file, &src)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        match path.file_name().and_then(|name| name.to_str()) {
            Some("tests" | "tests.rs") => {}
            _ if path.is_dir() => collect(&path, files),
            Some(name) if name.ends_with(".rs") => files.push(path),
            _ => {}
        }
    }
}

fn read(file: &Path, src: &Path) -> Source {
    let text = fs::read_to_string(file).expect("the source is readable");
    let path = file.strip_prefix(src).expect("the file lies in src");
    Source { path: path.to_string_lossy().replace('\\', "/"), code: strip(&text) }
}

/// The code of a file: line comments and everything from a closing `mod tests {` on are cut away.
pub(crate) fn strip(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    let mut stripped = String::new();
    for line in code.lines() {
        let line = if line.trim_start().starts_with("//") { "" } else { line };
        stripped.push_str(line.split(" // ").next().unwrap_or(line));
        stripped.push('\n');
    }
    stripped
}

/// Every path that the code's `use` declarations import, one per leaf: `use a::{b, c::{d, e}}` gives `a::b`, `a::c::d`,
/// `a::c::e`.
pub(crate) fn imports(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for declaration in code.split(';') {
        let Some(start) = declaration.rfind("use ") else { continue };
        let before = declaration[..start].chars().next_back();
        if before.is_none_or(|character| character.is_whitespace()) {
            let tree: String = declaration[start + 4..].split_whitespace().collect::<Vec<_>>().join(" ");
            flatten("", &tree, &mut paths);
        }
    }
    paths
}

fn flatten(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let tree = tree.trim();
    match tree.split_once('{') {
        None if tree.is_empty() => {}
        None => paths.push(format!("{prefix}{}", tree.split(" as ").next().unwrap_or(tree))),
        Some((head, rest)) => {
            let prefix = format!("{prefix}{}", head.trim());
            let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
            split_level(inner).into_iter().for_each(|part| flatten(&prefix, part, paths));
        }
    }
}

/// Splits at the commas that stand inside no further braces.
fn split_level(list: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0usize, 0);
    for (index, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&list[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts
}

#[test]
fn comments_and_unit_tests_are_not_code() {
    let text =
        "//! No tokio here.\nfn f() {} // tokio\n/// tokio\n#[cfg(test)]\nmod tests {\n use tokio::net;\n}\n";
    assert!(!strip(text).contains("tokio"));
    assert!(strip("#[cfg(test)]\nmod tests;\nuse tokio::net;\n").contains("tokio"));
}

#[test]
fn import_trees_are_flattened() {
    let code = "pub(crate) use std::{net::{IpAddr, SocketAddr as Peer}, fmt};\nuse crate::id::SocketId;\nlet because = 1;\n";
    let expected = ["std::net::IpAddr", "std::net::SocketAddr", "std::fmt", "crate::id::SocketId"];
    assert_eq!(imports(code), expected);
}
