use antflow::stage;

#[stage(retry = "per_task", retry_if = is_transient)]
async fn parse(text: String) -> Result<u32, std::num::ParseIntError> {
    text.parse()
}

fn is_transient(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::TimedOut
}

fn main() {}
