//! Measurements: one row per server, scenario and repetition, kept as lines of JSON.

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use serde_json::Value;

use super::scenarios::Scenario;

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) server: String,
    pub(super) scenario: String,
    pub(super) repetition: u64,
    /// What the load generator printed, with the names and arguments it ran under.
    fields: Value,
}

impl Row {
    pub(super) fn new(server: &str, scenario: &Scenario, repetition: usize, mut fields: Value) -> Self {
        fields["server"] = server.into();
        fields["scen"] = scenario.name.into();
        fields["rep"] = repetition.into();
        fields["arguments"] = scenario.arguments.into();
        Row { server: server.into(), scenario: scenario.name.into(), repetition: repetition as u64, fields }
    }

    /// Why it failed, if it did.
    pub(super) fn error(&self) -> Option<&str> {
        self.fields["error"].as_str()
    }

    /// A number by its JSON pointer, such as `/steps/2/rss_per`; NaN when there is none.
    pub(super) fn number(&self, pointer: &str) -> f64 {
        self.fields.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN)
    }

    /// Any field, by its name.
    pub(super) fn field(&self, name: &str) -> &Value {
        &self.fields[name]
    }
}

/// Reads a file that [`Log`] wrote.
pub(super) fn read(text: &str) -> Result<Vec<Row>, Box<dyn Error>> {
    text.lines().filter(|line| !line.trim().is_empty()).map(parse).collect()
}

fn parse(line: &str) -> Result<Row, Box<dyn Error>> {
    let fields: Value = serde_json::from_str(line)?;
    let name = |key: &str| fields[key].as_str().map(str::to_string).ok_or(format!("no {key:?} in {line}"));
    let repetition = fields["rep"].as_u64().ok_or("no \"rep\"")?;
    Ok(Row { server: name("server")?, scenario: name("scen")?, repetition, fields })
}

/// Rows as they come, in memory and in a file.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    rows: Vec<Row>,
}

impl Log {
    /// A new file, whose folder is made if need be.
    pub(super) fn create(path: &Path) -> Result<Self, Box<dyn Error>> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = File::create(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Log { file, rows: Vec::new() })
    }

    /// Keeps a row, and tells whoever waits.
    pub(super) fn add(&mut self, row: Row) -> Result<(), Box<dyn Error>> {
        writeln!(self.file, "{}", row.fields)?;
        eprintln!("# {} {} {}: {}", row.repetition, row.scenario, row.server, summary(&row));
        self.rows.push(row);
        Ok(())
    }

    pub(super) fn into_rows(self) -> Vec<Row> {
        self.rows
    }
}

fn summary(row: &Row) -> String {
    if let Some(error) = row.error() {
        return error.into();
    }
    let shown =
        ["srv_us", "rate", "p50_us", "p99_us", "srv_util", "cli_util", "errors", "after_idle_rss_per"];
    let shown = shown.iter().chain(&["growth_bytes_per_conn"]);
    let pairs = shown.filter_map(|name| Some(format!("{name}={}", row.fields.get(*name)?)));
    pairs.collect::<Vec<_>>().join(" ")
}

/// A row for tests, as if it had been measured.
#[cfg(test)]
pub(super) fn row(server: &str, scenario: &str, repetition: u64, fields: Value) -> Row {
    let mut fields = fields;
    fields["server"] = server.into();
    fields["scen"] = scenario.into();
    fields["rep"] = repetition.into();
    Row { server: server.into(), scenario: scenario.into(), repetition, fields }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_survives_its_file() {
        let rows = [
            row("limit", "echo", 0, json!({"srv_us": 5.5, "errors": 0})),
            row("node", "idle", 1, json!({"error": "gone"})),
        ];
        let text: String = rows.iter().map(|row| format!("{}\n", row.fields)).collect();
        assert_eq!(read(&text).unwrap(), rows);
        assert_eq!((rows[0].number("/srv_us"), rows[1].error()), (5.5, Some("gone")));
        assert!(rows[1].number("/srv_us").is_nan());
    }

    #[test]
    fn a_line_without_names_is_refused() {
        assert!(read("{\"srv_us\":1}").is_err());
        assert!(read("not json").is_err());
    }
}
