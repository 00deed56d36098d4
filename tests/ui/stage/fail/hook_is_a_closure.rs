use antflow::stage;

#[stage(skip_if = |text| text.is_empty())]
async fn trim(text: String) -> String {
    text
}

fn main() {}
