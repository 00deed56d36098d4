use antflow::{pipeline, stage};

#[stage]
async fn pass<T>(value: T) -> T {
    value
}

fn main() {
    let _ = pipeline!(pass::<u32, u32>);
}
