//! `docs/parity.md` promises a test for each thing that the official server has, `docs/security.md` one for each threat:
//! here every promise is looked up. Whether the test shows what the row says is for the reader of both; that it exists,
//! runs, and has not been renamed is not.

#![allow(clippy::expect_used, reason = "helpers of tests, which clippy does not see as tests")]

mod expected;
mod interop;
mod table;
mod tests_of;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use table::Table;

/// The last section has reasons in place of tests.
const LEFT_OUT: &str = "Left out, and why";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(document: &str) -> Table {
    Table::read(&fs::read_to_string(root().join("docs").join(document)).expect("the document is readable"))
}

fn table() -> Table {
    read("parity.md")
}

/// The tables of both documents.
fn tables() -> [Table; 2] {
    [table(), read("security.md")]
}

/// What a row may name, by the word in front of it.
fn known() -> BTreeMap<&'static str, BTreeSet<String>> {
    let crates = root().join("crates");
    BTreeMap::from([
        ("it", tests_of::folder(&crates.join("sockeye/tests/it"))),
        ("sockeye", tests_of::folder(&crates.join("sockeye/src"))),
        ("proto", tests_of::folder(&crates.join("sockeye-proto/src"))),
        ("adapter", tests_of::folder(&crates.join("sockeye-adapter/src"))),
        ("abuse", tests_of::folder(&root().join("conformance/tests/abuse"))),
        ("architecture", tests_of::folder(&root().join("conformance/tests/architecture"))),
    ])
}

#[test]
fn every_test_that_is_named_exists() {
    let (known, scenarios) = (known(), interop::titles(&root().join("conformance/interop/scenarios")));
    let mut missing = Vec::new();
    let tables = tables();
    for row in tables.iter().flat_map(Table::rows).filter(|row| row.section != LEFT_OUT) {
        for name in row.tests() {
            let exists = match name.split_once(' ') {
                Some(("interop", title)) => scenarios.iter().any(|scenario| scenario.is(title)),
                Some((kind, test)) => known.get(kind).is_some_and(|tests| tests.contains(test)),
                None => false,
            };
            if !exists {
                missing.push(format!("{}: {} names `{name}`", row.section, row.official));
            }
        }
    }
    assert!(missing.is_empty(), "no such test:\n{}", missing.join("\n"));
}

#[test]
fn every_row_names_a_test_and_nothing_else() {
    let silent = |row: &&table::Row| row.tests().next().is_none() || !row.names_only_tests();
    let rows: Vec<_> = tables()
        .iter()
        .flat_map(Table::rows)
        .filter(|row| row.section != LEFT_OUT)
        .filter(silent)
        .map(|row| format!("{}: {} says \"{}\"", row.section, row.official, row.last))
        .collect();
    assert!(rows.is_empty(), "rows that name no test, or more than tests:\n{}", rows.join("\n"));
}

#[test]
fn every_section_has_rows() {
    let table = table();
    assert!(table.sections.len() > 8, "{:?}", table.sections);
    let empty: Vec<_> =
        table.sections.iter().filter(|section| !table.rows().any(|row| row.section == **section)).collect();
    assert!(empty.is_empty(), "{empty:?}");
}

#[test]
fn nothing_is_left_out_without_a_reason() {
    let table = table();
    let mut left_out = table.rows().filter(|row| row.section == LEFT_OUT).peekable();
    assert!(left_out.peek().is_some());
    for row in left_out {
        assert!(row.last.split_whitespace().count() >= 4, "{}: \"{}\" is no reason", row.official, row.last);
    }
}

#[test]
fn every_threat_and_every_attack_has_a_row() {
    // JSONP, brokers and metrics: there is nothing to attack.
    let threats = (1..=41).filter(|n| ![24, 38, 40].contains(n)).map(|n| format!("S{n}"));
    let attacks = (1..=24).map(|n| format!("X{n}"));
    let security = read("security.md");
    let rows: Vec<_> =
        security.rows().map(|row| &*row.official).filter(|name| !name.starts_with('C')).collect();
    assert_eq!(rows, threats.chain(attacks).collect::<Vec<_>>());
}
