use antflow::{pipeline, stage};

#[stage]
async fn parse(line: String) -> Result<Result<u32, std::num::ParseIntError>, std::io::Error> {
    Ok(line.parse())
}

#[stage]
async fn double(number: u32) -> u32 {
    number * 2
}

fn main() {
    let _ = pipeline!(parse >> double);
}
