use antflow::{pipeline, stage, task};

#[task]
async fn count(text: &mut String) -> usize {
    text.len()
}

#[task]
async fn double(number: usize) -> usize {
    number * 2
}

#[stage(retry = "per_task")]
struct Measure(double, count, double);

#[stage]
struct Again(count, count);

fn main() {
    let _ = pipeline!(Measure >> Again);
}
