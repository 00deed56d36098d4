//! The book's table of features has no gaps, and the tests that it names are there.

use antflow_tests::book;

const PAGE: &str = include_str!("../../book/src/antflow-features.md");
const HEAD: [&str; 3] = ["feature of the document", "in antflow", "test"];

#[test]
fn every_feature_has_a_test_that_is_there() {
    let mistakes: Vec<_> = book::mistakes(PAGE, &HEAD).into_iter().collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    let (rows, _) = book::rows(PAGE, &HEAD);
    assert!(rows.len() > 100, "{} rows are not all features", rows.len());
}

#[test]
fn all_that_is_missing_is_listed() {
    let page = "\
Text.

| feature of the document | in antflow | test |
|---|---|---|
| good | `here` | `book_features::all_that_is_missing_is_listed`, `ui/pipeline/fail/empty` |
| no test | `here` | |
| two cells | `book_features::rows` |
| no such file | `here` | `nowhere::nothing` |
| a constant is no test | `here` | `book_features::PAGE` |
| no such case | `here` | `ui/pipeline/fail/nothing` |
| nonsense | `here` | `nonsense` |
| a case of all stores | `here` | `store_suite/claims::limits_hold_for_all_and_for_each_role` |
| a function beside the cases | `here` | `store_suite/bench::graph` |

| another | head |
|---|---|
";
    let expected = [
        "line 10: there is no case `ui/pipeline/fail/nothing`",
        "line 11: `nonsense` is neither `file::function` nor a case",
        "line 13: `store_suite/bench.rs` has no test `graph`",
        "line 15: the head is not [\"feature of the document\", \"in antflow\", \"test\"]",
        "line 6: not 3 full cells",
        "line 7: not 3 full cells",
        "line 8: there is no file `nowhere.rs`",
        "line 9: `book_features.rs` has no test `PAGE`",
    ];
    let mistakes = book::mistakes(page, &HEAD);
    assert!(mistakes.iter().eq(&expected), "{mistakes:#?}");
}
