use antflow::{pipeline, stage};

#[stage]
fn parse(text: String) -> Result<u32, std::num::ParseIntError> {
    text.parse()
}

fn main() {
    let _ = pipeline!(parse);
}
