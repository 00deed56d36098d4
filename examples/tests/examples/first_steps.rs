//! The first pipelines, and single tasks.

use crate::prints;

#[test]
fn quick_start() {
    // The book shows the same file.
    prints("quick_start", include_str!("../output/quick_start.txt"));
}

#[test]
fn retries() {
    prints(
        "retries",
        "\
Oslo: -4 degrees
Lima: 19 degrees
Cairo: the service is busy, attempts: 3
Atlantis: there is no such city, attempts: 1
Quito: nothing within 100ms, attempts: 3
Mordor: the thermometer has melted, attempts: 1
",
    );
}

#[test]
fn all_or_nothing() {
    prints(
        "all_or_nothing",
        "\
attempt 1: reserve 20 euros at Anna
attempt 1: book at Bert
attempt 2: reserve 20 euros at Anna
attempt 2: book at Bert
done: 20 euros from Anna to Bert
",
    );
}

#[test]
fn named() {
    prints(
        "named",
        r#"flowchart LR
    in(["String"]) --> s0["Parse"]
    s0 -->|"(String, u32)"| s1["Quote: check, price"]
    s1 --> out(["u32"])
Parse: [("workers", "2")]
Quote: [("retry", "per_stage"), ("attempts", "3"), ("wait", "1ms"), ("queue", "100")]
150 cents
stage `Quote`, task `check`: nobody orders no pears (attempt 3 of 3)
"#,
    );
}

#[test]
fn state() {
    prints(
        "state",
        "\
Price, AddTip, SecondTip, Sell
workers of Price: 8
sold for 70
stage `Price`, task `price`: no price for durian
sold for 320
in all: 390
",
    );
}

#[test]
fn executor() {
    prints(
        "executor",
        "\
Oslo: -4 degrees
Atlantis: not on the map
Lima: 19 degrees
Oslo: -4 degrees, Lima: 19 degrees
done: 1, pending: 1
the task was cancelled
the executor is closed and accepts no task
",
    );
}
