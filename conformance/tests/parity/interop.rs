//! The titles of the interop scenarios, read from their sources.

use std::fs;
use std::path::Path;

/// A title, in the pieces between what is filled in when it runs.
pub(crate) struct Scenario {
    /// The name of its file, which may stand in front of the title.
    file: String,
    pieces: Vec<String>,
}

impl Scenario {
    pub(crate) fn is(&self, title: &str) -> bool {
        let short = title.split_once(": ").filter(|(file, _)| *file == self.file).map(|(_, short)| short);
        fits(&self.pieces, title) || short.is_some_and(|short| fits(&self.pieces, short))
    }
}

/// Whether the pieces stand in the title in their order, the first at its beginning and the last at its end.
fn fits(pieces: &[String], title: &str) -> bool {
    let [first, middle @ .., last] = pieces else {
        return pieces.first().is_some_and(|only| only == title);
    };
    let Some(mut rest) = title.strip_prefix(&**first) else { return false };
    for piece in middle {
        let Some((_, behind)) = rest.split_once(&**piece) else { return false };
        rest = behind;
    }
    rest.ends_with(&**last)
}

pub(crate) fn titles(folder: &Path) -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        let file = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let text = fs::read_to_string(&path).expect("the scenario is readable");
        let found =
            text.lines().filter_map(title_of).map(|pieces| Scenario { file: file.to_owned(), pieces });
        scenarios.extend(found);
    }
    assert!(!scenarios.is_empty(), "{} holds no scenarios", folder.display());
    scenarios
}

fn title_of(line: &str) -> Option<Vec<String>> {
    let literal = line.trim().strip_prefix("name: ")?.strip_suffix(',')?;
    let plain = literal.strip_prefix('"').and_then(|inner| inner.strip_suffix('"'));
    if let Some(plain) = plain {
        return Some(vec![plain.replace("\\\"", "\"")]);
    }
    let template = literal.strip_prefix('`')?.strip_suffix('`')?.replace("\\`", "`");
    let mut pieces = Vec::new();
    let mut rest = &*template;
    while let Some((piece, filled)) = rest.split_once("${") {
        pieces.push(piece.to_owned());
        rest = filled.split_once('}')?.1;
    }
    pieces.push(rest.to_owned());
    Some(pieces)
}

#[test]
fn a_title_fits_with_what_is_filled_in_and_with_its_file() {
    let pieces = title_of(r"    name: `${N} upgrades lose \`nothing\` at ${RATE} per ms`,").expect("a title");
    let scenario = Scenario { file: "upgrades".to_owned(), pieces };
    assert!(scenario.is("200 upgrades lose `nothing` at 5 per ms"));
    assert!(scenario.is("upgrades: 200 upgrades lose `nothing` at 5 per ms"));
    assert!(!scenario.is("200 upgrades lose `everything` at 5 per ms"));
    let plain = Scenario { file: "x".to_owned(), pieces: title_of(r#"name: "a b","#).expect("a title") };
    assert!(plain.is("a b") && !plain.is("a bc"));
}
