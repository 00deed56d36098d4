use antflow::stage;

type Parsed<T> = Result<T, std::num::ParseIntError>;

#[stage]
async fn parse(text: String) -> Parsed<u32> {
    text.parse()
}

fn main() {}
