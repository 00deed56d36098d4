use antflow::{pipeline, stage};

#[stage]
async fn double(value: u32) -> u32 {
    value * 2
}

fn main() {
    let _ = pipeline!(double::<u32>);
}
