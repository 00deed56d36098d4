use antflow::stage;

#[stage]
async extern "C" fn fetch(url: String) -> usize {
    url.len()
}

fn main() {}
