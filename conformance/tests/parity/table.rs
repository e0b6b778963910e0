//! Reads the tables of `docs/parity.md`: `##` begins a section, a line of cells is a row.

pub(crate) struct Table {
    pub(crate) sections: Vec<String>,
    rows: Vec<Row>,
}

pub(crate) struct Row {
    pub(crate) section: String,
    /// What the official server has.
    pub(crate) official: String,
    /// The last cell: what shows it, or the reason why it is left out.
    pub(crate) last: String,
}

impl Table {
    pub(crate) fn read(text: &str) -> Self {
        let (mut sections, mut rows) = (Vec::new(), Vec::new());
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                sections.push(title.to_owned());
            } else if let (Some(section), Some(cells)) = (sections.last(), cells(line))
                && !is_head(&cells)
                && let [official, .., last] = cells.as_slice()
            {
                let (official, last) = (official.clone(), last.clone());
                rows.push(Row { section: section.clone(), official, last });
            }
        }
        Self { sections, rows }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }
}

impl Row {
    /// The names in the last cell, without the ticks around them.
    pub(crate) fn tests(&self) -> impl Iterator<Item = &str> {
        self.last.split('`').skip(1).step_by(2)
    }

    /// Whether there is nothing but names, with commas between them.
    pub(crate) fn names_only_tests(&self) -> bool {
        self.last.split('`').step_by(2).all(|between| matches!(between.trim(), "" | ","))
    }
}

/// The cells of a line of a table; `\|` is a bar inside one.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?.replace("\\|", "\u{0}");
    Some(inner.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect())
}

/// The names of the columns and the line below them.
fn is_head(cells: &[String]) -> bool {
    cells.iter().all(|cell| cell.chars().all(|c| c == '-'))
        || matches!(cells.last().map(String::as_str), Some("shown by" | "reason"))
}

#[test]
fn rows_are_read_with_their_section_and_their_tests() {
    let table = Table::read(concat!(
        "# Title\n\n## One\n\n| official | here | shown by |\n|---|---|---|\n",
        "| `a\\|b` | `a` | `it x::y`, `proto z::w` |\n\n## Two\n"
    ));
    assert_eq!(table.sections, ["One", "Two"]);
    let [row] = &*table.rows else { panic!("{} rows", table.rows.len()) };
    assert_eq!((&*row.section, &*row.official), ("One", "`a|b`"));
    assert_eq!(row.tests().collect::<Vec<_>>(), ["it x::y", "proto z::w"]);
    assert!(row.names_only_tests());
}
