use antflow::{pipeline, stage};

#[stage]
async fn parse(lines: Vec<String>) -> Vec<Result<u32, std::num::ParseIntError>> {
    lines.iter().map(|line| line.parse()).collect()
}

#[stage]
async fn add(numbers: Vec<u32>) -> u32 {
    numbers.iter().sum()
}

fn main() {
    let _ = pipeline!(parse >> add);
}
