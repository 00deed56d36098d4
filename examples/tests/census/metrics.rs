use crate::served::{Served, refuses_a_taken_address};

/// The value of the series that begins with this.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series));
    line.unwrap_or_else(|| panic!("no {series} in {text}"))
        .trim()
        .parse()
        .unwrap()
}

#[test]
fn its_metrics_are_served_while_it_goes_on() {
    let census = Served::start("--metrics", "metrics at ");
    let submitted = "antflow_items_submitted_total{pipeline=\"census\"}";
    let workers = "antflow_stage_workers{pipeline=\"census\",stage=\"Store\"}";
    let text = loop {
        let text = census.get("/metrics");
        // Before the pipeline starts, its series are there and zero.
        if text.contains(submitted) && value(&text, submitted) > 0.0 {
            break text;
        }
    };
    assert_eq!(value(&text, workers), 1.0, "{text}");
    census.end();
}

#[test]
fn an_address_that_is_taken_is_refused_by_name() {
    refuses_a_taken_address("--metrics");
}
