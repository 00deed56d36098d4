//! What a pipeline does while it goes on, and how it goes on after it was cut off.

use crate::prints;

#[test]
fn crawl() {
    prints(
        "crawl",
        "\
/ has 3 new links
/ants has 0 new links
/flow has 1 new links
/lost: stage `Visit`, task `visit`: 404 not found
/flow/deep has 0 new links
",
    );
}

#[test]
fn control() {
    prints(
        "control",
        "\
Print-W0 is waiting for paper
fed: 1
0: a letter is printed
1: stage `Print`: cancelled
2: stage `Print`: cancelled
3: a ticket is printed
4: stage `Print`: cancelled
",
    );
}

#[test]
fn etl() {
    prints(
        "etl",
        r#"100 results: 99 processed, 1 failed
Extract: 100 completed, 10 retries
Transform: 99 completed, 2 retries
Load: 99 completed, 0 retries
99 rows, the first is (0, "RAW_0 (EU)")
"#,
    );
}

#[test]
fn rate_limited_api() {
    prints(
        "rate_limited_api",
        "\
20 cities, 29 requests, 2 at once at most
the rate was kept: true
",
    );
}

#[test]
fn priority() {
    prints(
        "priority",
        "\
blocker
critical
high
normal
another normal
low
results: 0, low, normal, another normal, high, critical
",
    );
}

#[test]
fn keys() {
    prints(
        "keys",
        "\
booked: 12
ann: 100, -100, 300, 400
bob: 100, -100, 300, 400
eve: 100, -100, 300, 400
",
    );
}

#[test]
fn branches() {
    prints(
        "branches",
        "\
0: dune at 400, uploaded; dune on paper, uploaded
1: tree at 120, uploaded; failed in Print: too small to print
2: stage `Load`, task `load`: there is no such photo
",
    );
}

#[test]
fn routes() {
    prints(
        "routes",
        "\
0: sent: that is 10 euros
1: sent: about delivery: yes
2: stage `Price`, task `price`: sold out
3: sent: a word of regret
",
    );
}

#[test]
fn batches() {
    prints(
        "batches",
        "\
a.csv: 3 of 3 saved
b.csv: 0 of 2 saved
  stage `Parse`, task `parse`: invalid digit found in string
  stage `Save`, task `save`: snail has no legs
calls: 1
",
    );
}

#[test]
fn backpressure() {
    prints(
        "backpressure",
        "\
the producer waits: true
accepted: 4, left: 96
fed later: 96, results: 100
never more than 3 in the queue: true
",
    );
}

#[test]
fn cluster_worker() {
    prints(
        "cluster_worker",
        "\
worker-1 counted 4 pages before it died
worker-1 goes on
16 pages have 136 words, and 16 batches are committed in epoch 1
",
    );
}

#[test]
fn cluster_under_failure() {
    prints(
        "cluster_under_failure",
        "\
a worker died at AfterClaim
a worker died at AfterRead
a worker died at BeforeCommit
a worker died at AfterCommit
a worker died at BeforeCheckpoint
a worker died at AfterCheckpoint
a worker died at BeforeFinish
a worker died at AfterFinish
200 squares, and each of them once
",
    );
}

#[test]
fn checkpoint() {
    prints(
        "checkpoint",
        r#"first run: {"a": ["download", "convert", "publish"], "b": ["download", "convert"], "c": ["download"]}
second run: {"b": ["publish"], "c": ["convert", "publish"], "d": ["download", "convert", "publish"]}
"#,
    );
}

#[test]
fn resume_skip_if() {
    prints(
        "resume_skip_if",
        "\
first run, Download: 3 completed, 0 skipped, 0 failed
first run, Convert: 0 completed, 0 skipped, 3 failed
second run, Download: 0 completed, 3 skipped, 0 failed
second run, Convert: 3 completed, 0 skipped, 0 failed
third run, Download: 0 completed, 3 skipped, 0 failed
third run, Convert: 0 completed, 3 skipped, 0 failed
",
    );
}

#[test]
fn streaming() {
    prints(
        "streaming",
        "\
as they are done: stage `Nap`, task `nap`: who can sleep that long
as they are done: 1
as they are done: 9
in order: 9
in order: 1
ten of them: 10
",
    );
}

#[test]
fn durable_pipeline() {
    prints(
        "durable_pipeline",
        "\
it was dropped when 20 pages had been fetched
200 results, 20087 words
page 13: stage `Fetch`, task `fetch`: page 13 is gone (attempt 3 of 3)
few pages were fetched twice: true
",
    );
}
