use antflow::{pipeline, stage, task};

#[task]
async fn count(text: String) -> usize {
    text.len()
}

#[stage(workers = 4, timeout = "1s")]
async fn double(number: usize) -> usize {
    number * 2
}

#[stage]
struct Measure(count, double);

fn main() {
    let _ = pipeline!(Measure);
}
