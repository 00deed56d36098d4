use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Map, Value, json};

use crate::contender::Contender;
use crate::measure::Sample;
use crate::stats::{median, percentile};

/// All rounds of one contender with so many worker processes.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) contender: Contender,
    pub(crate) workers: u64,
    pub(crate) samples: Vec<Sample>,
}

/// Something that each round gives a number of.
struct Figure {
    name: &'static str,
    header: &'static str,
    digits: usize,
    of: fn(&Sample) -> Option<f64>,
}

const FIGURES: [Figure; 9] = [
    Figure {
        name: "handed_in_per_second",
        header: "handed in /s",
        digits: 0,
        of: |sample| Some(sample.quick.fed),
    },
    Figure {
        name: "batches_per_second",
        header: "batches /s",
        digits: 0,
        of: |sample| Some(sample.quick.done),
    },
    Figure {
        name: "batches_of_5_ms_per_second",
        header: "of 5 ms /s",
        digits: 0,
        of: |sample| Some(sample.slow.done),
    },
    Figure {
        name: "submit_to_handler_p50_ms",
        header: "submit to handler, p50 ms",
        digits: 2,
        of: |sample| milliseconds(&sample.reached_ns, 0.5),
    },
    Figure {
        name: "submit_to_handler_p99_ms",
        header: "p99 ms",
        digits: 2,
        of: |sample| milliseconds(&sample.reached_ns, 0.99),
    },
    Figure {
        name: "commit_to_child_p50_ms",
        header: "commit to child, p50 ms",
        digits: 2,
        of: |sample| milliseconds(&sample.commit_to_taken_ns, 0.5),
    },
    Figure {
        name: "commit_to_child_p99_ms",
        header: "p99 ms",
        digits: 2,
        of: |sample| milliseconds(&sample.commit_to_taken_ns, 0.99),
    },
    Figure {
        name: "handler_to_child_p50_ms",
        header: "handler to child, p50 ms",
        digits: 2,
        of: |sample| milliseconds(&sample.made_to_taken_ns, 0.5),
    },
    Figure {
        name: "handler_to_child_p99_ms",
        header: "p99 ms",
        digits: 2,
        of: |sample| milliseconds(&sample.made_to_taken_ns, 0.99),
    },
];

fn milliseconds(nanoseconds: &[i64], share: f64) -> Option<f64> {
    percentile(nanoseconds, share).map(|value| value / 1e6)
}

impl Row {
    fn values(&self, figure: &Figure) -> Vec<f64> {
        self.samples.iter().filter_map(figure.of).collect()
    }

    /// One object of the output: of each figure the median, the least and the most of the rounds.
    pub(crate) fn json(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
        put("contender", json!(self.contender.name()));
        put("worker_processes", json!(self.workers));
        put("rounds", json!(self.samples.len()));
        let latencies = self.samples.iter().map(|sample| sample.reached_ns.len());
        put("latencies", json!(latencies.sum::<usize>()));
        for figure in &FIGURES {
            let values = self.values(figure);
            let (least, most) = range(&values);
            let of = json!({ "median": median(&values), "min": least, "max": most });
            put(figure.name, of);
        }
        Value::Object(object)
    }

    /// The median, and behind it the range, if there is one.
    fn cell(&self, figure: &Figure) -> String {
        let values = self.values(figure);
        let digits = figure.digits;
        let Some(middle) = median(&values) else {
            return "-".to_owned();
        };
        match (range(&values), values.len()) {
            ((Some(least), Some(most)), 2..) => {
                format!("{middle:.digits$} ({least:.digits$} to {most:.digits$})")
            }
            _ => format!("{middle:.digits$}"),
        }
    }
}

fn range(values: &[f64]) -> (Option<f64>, Option<f64>) {
    let least = values.iter().copied().min_by(f64::total_cmp);
    (least, values.iter().copied().max_by(f64::total_cmp))
}

/// All rows, one below the other.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    let header = FIGURES.iter().map(|figure| figure.header);
    table.set_header(["", "worker processes"].into_iter().chain(header));
    for row in rows {
        let workers = match row.workers {
            0 => "the submitter".to_owned(),
            workers => workers.to_string(),
        };
        let figures = FIGURES.iter().map(|figure| row.cell(figure));
        let names = [row.contender.name().to_owned(), workers];
        table.add_row(names.into_iter().chain(figures));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contender::PeerKind;
    use crate::measure::Rates;

    fn row(rates: &[f64]) -> Row {
        let sample = |&done: &f64| Sample {
            quick: Rates { fed: 9.0, done },
            reached_ns: vec![1_000_000, 3_000_000],
            ..Sample::default()
        };
        Row {
            contender: Contender::Peer(PeerKind::Apalis),
            workers: 2,
            samples: rates.iter().map(sample).collect(),
        }
    }

    #[test]
    fn json_has_the_median_and_the_range_of_the_rounds() {
        let object = row(&[30.0, 10.0, 20.0]).json();
        assert_eq!(object["contender"], "apalis");
        assert_eq!(object["worker_processes"], 2);
        let done = json!({ "median": 20.0, "min": 10.0, "max": 30.0 });
        assert_eq!(object["batches_per_second"], done);
        assert_eq!(object["latencies"], 6);
        assert_eq!(object["submit_to_handler_p99_ms"]["median"], 3.0);
        assert_eq!(object["commit_to_child_p50_ms"]["median"], Value::Null);
    }

    #[test]
    fn the_table_has_ranges_where_there_were_rounds() {
        let table = table(&[row(&[30.0, 10.0, 20.0]), row(&[7.0])]);
        assert!(table.contains(" 20 (10 to 30) "), "{table}");
        assert!(table.contains(" 7 "), "{table}");
        assert!(table.contains(" - "), "{table}");
    }
}
