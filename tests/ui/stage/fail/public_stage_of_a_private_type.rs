use antflow::{pipeline, stage};

mod text {
    use super::*;

    struct Page(String);

    #[stage]
    #[allow(private_interfaces)]
    pub async fn fetch(url: String) -> Page {
        Page(url)
    }
}

fn main() {
    let _ = pipeline!(text::fetch);
}
