use antflow::{pipeline, stage};

#[stage(workers = 2)]
struct Nothing;

fn main() {
    let _ = pipeline!(Nothing);
}
