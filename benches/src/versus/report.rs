//! What is printed: medians over the rounds, as a table or as JSON.

use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Map, Value, json};

use super::child::Sample;
use super::implementation::Implementation;
use super::measure::median;
use super::workload::{Shape, Workload};

/// What a workload has beyond what all have.
struct Extra {
    name: &'static str,
    digits: usize,
    of: fn(&Sample) -> Option<f64>,
}

const LATENCY: [Extra; 4] = [
    Extra {
        name: "p50_ns",
        digits: 0,
        of: |s| s.latency.map(|latency| latency.p50_ns as f64),
    },
    Extra {
        name: "p99_ns",
        digits: 0,
        of: |s| s.latency.map(|latency| latency.p99_ns as f64),
    },
    Extra {
        name: "idle_p50_ns",
        digits: 0,
        of: |s| s.latency.map(|latency| latency.idle_p50_ns as f64),
    },
    Extra {
        name: "idle_p99_ns",
        digits: 0,
        of: |s| s.latency.map(|latency| latency.idle_p99_ns as f64),
    },
];

const FAN: [Extra; 4] = [
    Extra {
        name: "bytes_per_worker",
        digits: 0,
        of: |s| s.fan.map(|fan| fan.bytes_per_worker as f64),
    },
    Extra {
        name: "busy_bytes_per_worker",
        digits: 0,
        of: |s| s.fan.map(|fan| fan.busy_bytes_per_worker as f64),
    },
    Extra {
        name: "future_bytes_per_worker",
        digits: 0,
        of: |s| s.fan.map(|fan| fan.future_bytes_per_worker as f64),
    },
    Extra {
        name: "idle_cpu_seconds",
        digits: 5,
        of: |s| s.fan.map(|fan| fan.idle_cpu_seconds),
    },
];

fn extras(workload: Workload) -> &'static [Extra] {
    match workload {
        Workload::Latency => &LATENCY,
        Workload::Fan => &FAN,
        _ => &[],
    }
}

/// The rounds of one implementation.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) implementation: Implementation,
    pub(crate) samples: Vec<Sample>,
    pub(crate) allocations_per_item: Option<f64>,
}

impl Row {
    /// The median of what the samples have of this.
    fn median(&self, of: impl Fn(&Sample) -> Option<f64>) -> Option<f64> {
        median(self.samples.iter().filter_map(of))
    }

    fn ns_per_hop(&self, shape: Shape) -> Vec<f64> {
        let hops = (shape.items * shape.stages) as f64;
        let mut all: Vec<_> = self
            .samples
            .iter()
            .map(|sample| sample.seconds * 1e9 / hops)
            .collect();
        all.sort_by(f64::total_cmp);
        all
    }

    /// One object of the output.
    pub(crate) fn json(&self, workload: Workload, shape: Shape) -> Value {
        let ns_per_hop = self.ns_per_hop(shape);
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
        put("workload", json!(workload.name()));
        put("implementation", json!(self.implementation.name()));
        put("observe", json!(self.implementation.observe()));
        put("items", json!(shape.items));
        put("rounds", json!(self.samples.len()));
        let items_per_second = self.median(|s| Some(shape.items as f64 / s.seconds));
        put("items_per_second", json!(items_per_second.map(f64::round)));
        put("ns_per_hop", json!(median(ns_per_hop.iter().copied())));
        put("ns_per_hop_min", json!(ns_per_hop.first()));
        put("ns_per_hop_max", json!(ns_per_hop.last()));
        let peak = self.median(|s| Some(s.peak_rss_bytes as f64));
        put(
            "peak_rss_bytes",
            json!(peak.map(|bytes| bytes.round() as u64)),
        );
        for extra in extras(workload) {
            let value = self.median(|s| (extra.of)(s));
            if extra.digits == 0 {
                put(extra.name, json!(value.map(|value| value.round() as u64)));
            } else {
                put(extra.name, json!(value));
            }
        }
        put("allocations_per_item", json!(self.allocations_per_item));
        put("cpu_seconds", json!(self.median(|s| Some(s.cpu_seconds))));
        Value::Object(object)
    }
}

/// All implementations of a workload beside each other; ours is the measure.
pub(crate) fn table(workload: Workload, shape: Shape, rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    let mut header = vec![
        "implementation",
        "observe",
        "ns/hop",
        "min",
        "max",
        "against antflow",
    ];
    header.extend(["items/s", "peak MB", "allocs/item", "cpu s"]);
    header.extend(extras(workload).iter().map(|extra| extra.name));
    table.set_header(header);
    let ns = |row: &Row| median(row.ns_per_hop(shape));
    let ours = rows
        .iter()
        .find(|row| row.implementation == Implementation::Antflow)
        .and_then(ns);
    for row in rows {
        let all = row.ns_per_hop(shape);
        let ratio = ns(row).zip(ours).map(|(theirs, ours)| theirs / ours);
        let mut cells = vec![
            row.implementation.name().to_owned(),
            row.implementation.observe().to_owned(),
            number(ns(row), 1),
            number(all.first().copied(), 1),
            number(all.last().copied(), 1),
            number(ratio, 2),
            number(row.median(|s| Some(shape.items as f64 / s.seconds)), 0),
            number(row.median(|s| Some(s.peak_rss_bytes as f64 / 1e6)), 1),
            number(row.allocations_per_item, 2),
            number(row.median(|s| Some(s.cpu_seconds)), 3),
        ];
        cells.extend(
            extras(workload)
                .iter()
                .map(|extra| number(row.median(|s| (extra.of)(s)), extra.digits)),
        );
        table.add_row(cells);
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!(
        "{}: {} items, {} stages of {} workers, queues of {}\n{table}",
        workload.name(),
        shape.items,
        shape.stages,
        shape.workers,
        shape.capacity
    )
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(implementation: Implementation, seconds: &[f64]) -> Row {
        let sample = |&seconds: &f64| Sample {
            seconds,
            cpu_seconds: 2.0 * seconds,
            peak_rss_bytes: 4_000_000,
            allocations_per_item: None,
            latency: None,
            fan: None,
        };
        Row {
            implementation,
            samples: seconds.iter().map(sample).collect(),
            allocations_per_item: Some(1.5),
        }
    }

    fn shape() -> Shape {
        Shape {
            items: 1_000_000,
            ..Workload::Hop.shape()
        }
    }

    #[test]
    fn json_has_medians_and_extremes() {
        let row = row(Implementation::AntflowEvents, &[0.6, 0.3, 0.9]);
        let object = row.json(Workload::Hop, shape());
        assert_eq!(object["workload"], "hop");
        assert_eq!(object["implementation"], "antflow");
        assert_eq!(object["observe"], "events");
        assert_eq!(object["ns_per_hop"].as_f64().map(f64::round), Some(200.0));
        assert_eq!(
            object["ns_per_hop_min"].as_f64().map(f64::round),
            Some(100.0)
        );
        assert_eq!(
            object["ns_per_hop_max"].as_f64().map(f64::round),
            Some(300.0)
        );
        assert_eq!(object["items_per_second"].as_f64(), Some(1_666_667.0));
        assert_eq!(object["peak_rss_bytes"], 4_000_000);
        assert_eq!(object["allocations_per_item"], 1.5);
        assert_eq!(object["cpu_seconds"], 1.2);
        assert!(object.get("p50_ns").is_none());
    }

    #[test]
    fn the_table_compares_with_ours() {
        let rows = [
            row(Implementation::Antflow, &[0.3]),
            row(Implementation::Kanal, &[0.75]),
        ];
        let table = table(Workload::Hop, shape(), &rows);
        let kanal = table.lines().find(|line| line.contains("kanal"));
        assert!(kanal.is_some_and(|line| line.contains(" 2.50 ")), "{table}");
    }

    #[test]
    fn without_ours_there_is_no_ratio() {
        let table = table(
            Workload::Hop,
            shape(),
            &[row(Implementation::Kanal, &[0.75])],
        );
        assert!(table.contains(" - "), "{table}");
    }
}
