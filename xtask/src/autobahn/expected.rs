//! What each case must come to, as it is checked in, and what it came to.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::workspace;

/// What the suite calls our server in its reports.
pub(super) const AGENT: &str = "sockeye";

const FILE: &str = "conformance/expected/autobahn.json";

/// By the number of the case, such as `7.1.6`.
pub(super) type Results = BTreeMap<String, Outcome>;

/// What the suite says of a case, in its own words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Outcome {
    pub(super) behavior: String,
    /// Of the closing handshake.
    pub(super) close: String,
}

/// The table.
#[derive(Debug)]
pub(super) struct Expected {
    /// How many cases there are, by section (`7`) or part of one (`12.1`).
    sections: BTreeMap<String, usize>,
    /// The cases that are not simply OK.
    others: Results,
}

impl Expected {
    /// # Errors
    /// The table cannot be read, or something in it has no reason.
    pub(super) fn read() -> Result<Expected, String> {
        let path = workspace::root().join(FILE);
        let text = fs::read_to_string(&path).map_err(|error| format!("{FILE}: {error}"))?;
        Expected::parse(&text).map_err(|error| format!("{FILE}: {error}"))
    }

    fn parse(text: &str) -> Result<Expected, String> {
        let table: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let object = |name: &str| table[name].as_object().ok_or(format!("there is no object {name:?}"));
        let mut expected = Expected { sections: BTreeMap::new(), others: Results::new() };
        for (section, cases) in object("cases")? {
            let cases = cases.as_u64().and_then(|cases| usize::try_from(cases).ok());
            let cases = cases.ok_or(format!("section {section} has no number of cases"))?;
            expected.sections.insert(section.clone(), cases);
        }
        for (case, entry) in object("not_ok")? {
            let outcome = outcome(entry).ok_or(format!("{case} has no behavior or no behaviorClose"))?;
            if entry["reason"].as_str().is_none_or(str::is_empty) {
                return Err(format!("{case} is not OK for no reason"));
            }
            if outcome.behavior == "FAILED" || outcome.close == "FAILED" || outcome.close == "WRONG CODE" {
                return Err(format!("{case} must not be expected to fail"));
            }
            expected.others.insert(case.clone(), outcome);
        }
        Ok(expected)
    }

    /// All cases in parts that can be played at the same time, the longest first.
    pub(super) fn chunks(&self) -> Vec<Vec<String>> {
        let (long, short): (Vec<&String>, Vec<&String>) =
            self.sections.keys().partition(|section| section.contains('.'));
        let pattern = |section: &&String| format!("{section}.*");
        let mut chunks: Vec<Vec<String>> = long.iter().map(|section| vec![pattern(section)]).collect();
        chunks.push(short.iter().map(pattern).collect());
        chunks
    }

    /// What is not as it should be, a line each. `chunks` are the cases that were asked for.
    pub(super) fn differences(&self, results: &Results, chunks: &[Vec<String>]) -> Vec<String> {
        let mut differences = Vec::new();
        for (case, got) in results {
            let wanted = self.others.get(case).cloned().unwrap_or_else(Outcome::ok);
            if *got != wanted {
                differences.push(format!("{case}: {got}, not {wanted}"));
            }
        }
        for pattern in chunks.iter().flatten() {
            let got = results.keys().filter(|case| is_in(case, pattern)).count();
            match self.count(pattern) {
                Some(wanted) if got != wanted => {
                    differences.push(format!("{pattern}: {got} cases were played, not {wanted}"));
                }
                None if got == 0 => differences.push(format!("{pattern}: no such case")),
                _ => {}
            }
        }
        differences
    }

    /// How many cases a pattern stands for; `None` within a section, where nobody counted.
    fn count(&self, pattern: &str) -> Option<usize> {
        if !pattern.ends_with('*') {
            return Some(1);
        }
        let inside = self.sections.iter().filter(|(section, _)| is_in(&format!("{section}."), pattern));
        let sum = inside.map(|(_, cases)| cases).sum();
        (sum > 0).then_some(sum)
    }
}

fn is_in(case: &str, pattern: &str) -> bool {
    pattern.strip_suffix('*').map_or(case == pattern, |prefix| case.starts_with(prefix))
}

/// Reads the index of the suite's reports.
pub(super) fn read_index(path: &Path) -> Result<Results, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse_index(&text).ok_or_else(|| format!("{} is no index of reports", path.display()))
}

fn parse_index(text: &str) -> Option<Results> {
    let index: Value = serde_json::from_str(text).ok()?;
    let cases = index.get(AGENT)?.as_object()?;
    cases.iter().map(|(case, entry)| Some((case.clone(), outcome(entry)?))).collect()
}

fn outcome(entry: &Value) -> Option<Outcome> {
    let text = |name: &str| Some(entry.get(name)?.as_str()?.to_owned());
    Some(Outcome { behavior: text("behavior")?, close: text("behaviorClose")? })
}

impl Outcome {
    fn ok() -> Outcome {
        Outcome { behavior: "OK".to_owned(), close: "OK".to_owned() }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (closing: {})", self.behavior, self.close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"{
        "cases": { "7": 3, "12.1": 2, "12.2": 1 },
        "not_ok": { "7.1.6": { "behavior": "INFORMATIONAL", "behaviorClose": "OK", "reason": "a race" } }
    }"#;

    fn results(cases: &[(&str, &str, &str)]) -> Results {
        let named = |&(case, behavior, close): &(&str, &str, &str)| {
            (case.to_owned(), Outcome { behavior: behavior.to_owned(), close: close.to_owned() })
        };
        cases.iter().map(named).collect()
    }

    fn differences(cases: &[(&str, &str, &str)], patterns: &[&str]) -> Vec<String> {
        let chunk = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        Expected::parse(TABLE).unwrap().differences(&results(cases), &[chunk])
    }

    #[test]
    fn a_case_must_come_to_what_the_table_says() {
        let good = [("7.1.5", "OK", "OK"), ("7.1.6", "INFORMATIONAL", "OK"), ("7.1.7", "OK", "OK")];
        assert_eq!(differences(&good, &["7.*"]), [""; 0]);
        for (bad, said) in [
            (("7.1.5", "FAILED", "OK"), "7.1.5: FAILED (closing: OK), not OK (closing: OK)"),
            (("7.1.5", "OK", "WRONG CODE"), "7.1.5: OK (closing: WRONG CODE), not OK (closing: OK)"),
            (("7.1.6", "OK", "OK"), "7.1.6: OK (closing: OK), not INFORMATIONAL (closing: OK)"),
        ] {
            let cases: Vec<_> = good.into_iter().filter(|case| case.0 != bad.0).chain([bad]).collect();
            assert_eq!(differences(&cases, &["7.*"]), [said]);
        }
    }

    #[test]
    fn a_case_that_was_not_played_is_a_difference() {
        let some = [("12.1.1", "OK", "OK"), ("12.1.2", "OK", "OK")];
        assert_eq!(differences(&some, &["12.1.*"]), [""; 0]);
        assert_eq!(differences(&some, &["12.1.2", "12.1.1"]), [""; 0]);
        assert_eq!(differences(&some, &["12.*"]), ["12.*: 2 cases were played, not 3"]);
        assert_eq!(differences(&some, &["*"]), ["*: 2 cases were played, not 6"]);
        assert_eq!(differences(&some, &["12.2.1"]), ["12.2.1: 0 cases were played, not 1"]);
        assert_eq!(differences(&some, &["7.1.*"]), ["7.1.*: no such case"]);
    }

    #[test]
    fn a_table_with_a_failure_or_without_a_reason_is_refused() {
        for (wrong, error) in [
            (TABLE.replace("a race", ""), "7.1.6 is not OK for no reason"),
            (TABLE.replace("INFORMATIONAL", "FAILED"), "7.1.6 must not be expected to fail"),
            (TABLE.replace("\"OK\"", "\"WRONG CODE\""), "7.1.6 must not be expected to fail"),
            (TABLE.replace("not_ok", "others"), "there is no object \"not_ok\""),
        ] {
            assert_eq!(Expected::parse(&wrong).unwrap_err(), error);
        }
    }

    #[test]
    fn the_table_counts_every_case_of_the_suite() {
        let expected = Expected::read().unwrap();
        assert_eq!(expected.count("*"), Some(517));
        assert_eq!(
            expected.chunks().iter().flatten().filter_map(|pattern| expected.count(pattern)).sum::<usize>(),
            517
        );
    }

    #[test]
    fn an_index_is_read_as_the_suite_writes_it() {
        let index = r#"{"sockeye": {"1.1.1": {"behavior": "OK", "behaviorClose": "OK", "duration": 2,
            "remoteCloseCode": 1000, "reportfile": "sockeye_case_1_1_1.json"}}}"#;
        assert_eq!(parse_index(index), Some(results(&[("1.1.1", "OK", "OK")])));
        assert_eq!(parse_index(r#"{"another": {}}"#), None);
    }
}
