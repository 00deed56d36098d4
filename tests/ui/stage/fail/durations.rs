use antflow::stage;

#[stage(timeout = "5 parsecs")]
async fn count(text: String) -> usize {
    text.len()
}

#[stage(timeout = "0s")]
async fn trim(text: String) -> String {
    text
}

#[stage(timeout = 30)]
async fn shout(text: String) -> String {
    text
}

fn main() {}
