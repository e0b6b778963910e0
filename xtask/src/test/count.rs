//! Reads the number of tests out of what the runners print: libtest, `node --test` (TAP and spec), and our own harness.

/// What the runners reported, summed over one step's output.
#[derive(Default, PartialEq, Eq, Debug)]
pub(crate) struct Count {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Count {
    /// Sums every summary line in `output`; other lines are ignored.
    pub(crate) fn read(output: &str) -> Count {
        let mut count = Count::default();
        for line in output.lines() {
            count.add_libtest(line);
            count.add_node(line);
            count.add_harness(line);
        }
        count
    }

    /// The number of tests that ran.
    ///
    /// # Errors
    /// When a test failed or was left out, or when none ran at all: a step that tests nothing must not look green.
    pub(crate) fn judge(&self) -> Result<u64, String> {
        match self {
            Count { failed: 1.., .. } => Err(format!("{} tests failed", self.failed)),
            Count { skipped: 1.., .. } => {
                Err(format!("{} tests were skipped or ignored: run them or remove them", self.skipped))
            }
            Count { passed: 0, .. } => Err("no test ran".to_owned()),
            Count { passed, .. } => Ok(*passed),
        }
    }

    /// `test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`
    fn add_libtest(&mut self, line: &str) {
        let Some(rest) = line.trim().strip_prefix("test result: ") else { return };
        let (_, fields) = rest.split_once(". ").unwrap_or(("", rest));
        for field in fields.split(';') {
            match field.trim().split_once(' ') {
                Some((number, "passed")) => self.passed += parse(number),
                Some((number, "failed")) => self.failed += parse(number),
                Some((number, "ignored")) => self.skipped += parse(number),
                _ => {}
            }
        }
    }

    /// `# pass 12` (TAP) or `ℹ pass 12` (spec), likewise `fail`, `cancelled`, `skipped` and `todo`.
    fn add_node(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) else { return };
        match rest.split_once(' ') {
            Some(("pass", number)) => self.passed += parse(number),
            Some(("fail" | "cancelled", number)) => self.failed += parse(number),
            Some(("skipped" | "todo", number)) => self.skipped += parse(number),
            _ => {}
        }
    }

    /// `interop: 72 passed, 0 failed`
    fn add_harness(&mut self, line: &str) {
        let Some((name, rest)) = line.split_once(": ") else { return };
        let Some((passed, failed)) = rest.split_once(" passed, ") else { return };
        if let ("interop" | "browser" | "autobahn", Some(failed)) = (name, failed.strip_suffix(" failed")) {
            self.passed += parse(passed);
            self.failed += parse(failed);
        }
    }
}

fn parse(number: &str) -> u64 {
    number.trim().parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(passed: u64, failed: u64, skipped: u64) -> Count {
        Count { passed, failed, skipped }
    }

    #[test]
    fn libtest_summaries_are_summed() {
        let output = "running 2 tests\n..\n\
            test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 40 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s\n";
        assert_eq!(Count::read(output), count(42, 3, 1));
    }

    #[test]
    fn node_summaries_are_read_in_both_reporters() {
        assert_eq!(Count::read("# tests 7\n# pass 5\n# fail 1\n# skipped 1\n# todo 0\n"), count(5, 1, 1));
        assert_eq!(Count::read("ℹ tests 4\nℹ pass 3\nℹ cancelled 1\n"), count(3, 1, 0));
    }

    #[test]
    fn harness_lines_are_read() {
        assert_eq!(Count::read("ok  polling: connect\ninterop: 72 passed, 0 failed\n"), count(72, 0, 0));
        assert_eq!(Count::read("browser: 1 passed, 2 failed"), count(1, 2, 0));
    }

    #[test]
    fn failed_skipped_and_empty_runs_are_refused() {
        assert_eq!(count(3, 0, 0).judge(), Ok(3));
        assert!(count(3, 1, 0).judge().is_err());
        assert!(count(3, 0, 1).judge().is_err());
        assert!(count(0, 0, 0).judge().is_err());
    }
}
