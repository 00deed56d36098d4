use antflow::{pipeline, stage};

#[stage]
async fn sum(values: [u32]) -> u32 {
    values.iter().sum()
}

fn main() {
    let _ = pipeline!(sum);
}
