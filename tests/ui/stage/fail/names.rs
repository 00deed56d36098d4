use antflow::stage;

#[stage(name = "")]
async fn count(text: String) -> usize {
    text.len()
}

#[stage(name = Trim)]
async fn trim(text: String) -> String {
    text
}

fn main() {}
