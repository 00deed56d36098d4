use antflow::Route;

#[derive(Route)]
enum Document {
    #[route(skip)]
    Text(String),
}

fn main() {}
