use antflow::stage;

#[stage(rate = "100")]
async fn count(text: String) -> usize {
    text.len()
}

#[stage(rate = "0/s")]
async fn trim(text: String) -> String {
    text
}

#[stage(rate = 100)]
async fn shout(text: String) -> String {
    text
}

fn main() {}
