use antflow::{pipeline, stage};

#[stage]
async fn sort(numbers: &mut Vec<u32>) {
    numbers.sort();
}

fn main() {
    let _ = pipeline!(sort);
}
