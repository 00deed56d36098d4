use antflow::{pipeline, stage};

#[stage]
async fn parse(line: String) -> Result<u32, std::num::ParseIntError> {
    line.parse()
}

#[stage]
async fn double(number: Result<u32, std::num::ParseIntError>) -> u32 {
    number.unwrap_or(0) * 2
}

fn main() {
    let _ = pipeline!(parse >> double);
}
