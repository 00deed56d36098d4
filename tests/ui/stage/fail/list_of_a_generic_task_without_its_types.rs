use antflow::{pipeline, stage, task};

#[task]
async fn pass<T>(value: T) -> T {
    value
}

#[stage]
struct Measure(pass);

fn main() {
    let _ = pipeline!(Measure);
}
