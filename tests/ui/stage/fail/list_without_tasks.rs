use antflow::{pipeline, stage};

#[stage(workers = 2)]
struct Empty();

#[stage]
struct Unit;

fn main() {
    let _ = pipeline!(Empty >> Unit);
}
