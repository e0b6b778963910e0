//! `conformance/expected.json` adds up: every case of a public suite passes, is pending in the suite itself, or differs for a
//! reason; and its contract is one that the binary serves.

use serde_json::Value;
use std::fs;

fn number(suite: &Value, key: &str) -> usize {
    suite[key].as_u64().and_then(|number| usize::try_from(number).ok()).expect("a number of cases")
}

#[test]
fn every_case_of_a_suite_passes_is_pending_or_differs_for_a_reason() {
    let text = fs::read_to_string(super::root().join("conformance/expected.json")).expect("it is readable");
    let expected: Value = serde_json::from_str(&text).expect("it is JSON");
    let served = fs::read_to_string(super::root().join("conformance/src/main.rs")).expect("it is readable");
    let suites = expected["suites"].as_array().expect("a list of suites");
    assert!(suites.len() >= 12);
    for suite in suites {
        let differs = suite["differs"].as_array().expect("a list of cases");
        let told = number(suite, "passes") + number(suite, "pending") + differs.len();
        assert_eq!(number(suite, "cases"), told, "{suite}");
        assert!(number(suite, "passes") >= number(suite, "official"), "{suite}");
        let contract = suite["contract"].as_str().and_then(|contract| contract.split(' ').next_back());
        let arm = format!("\"{}\" =>", contract.expect("a contract"));
        assert!(served.contains(&arm), "{arm} is no contract");
        for case in differs {
            let reason = case["reason"].as_str().unwrap_or_default();
            assert!(case["case"].is_string() && reason.split(' ').count() >= 4, "{case}");
        }
    }
}
