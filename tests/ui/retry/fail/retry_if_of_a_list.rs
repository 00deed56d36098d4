use antflow::{stage, task};

#[task]
async fn parse(text: String) -> Result<u32, std::num::ParseIntError> {
    text.parse()
}

#[stage(retry = "per_stage", retry_if = is_transient)]
struct Read(parse);

fn is_transient(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::TimedOut
}

fn main() {}
