use antflow::stage;

#[stage(attempts = 3, wait = "1s")]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {}
