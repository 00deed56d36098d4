use antflow::stage;

#[stage(on_success = "note")]
async fn trim(text: String) -> String {
    text
}

fn main() {}
