use antflow::stage;

#[stage(retry_if = is_transient)]
async fn parse(text: String) -> Result<u32, std::io::Error> {
    Ok(text.len() as u32)
}

fn is_transient(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::TimedOut
}

fn main() {}
