use antflow::stage;

#[stage(skip_if = is_blank)]
async fn trim(text: String) -> String {
    text
}

fn is_blanc(text: &String) -> bool {
    text.is_empty()
}

fn main() {}
