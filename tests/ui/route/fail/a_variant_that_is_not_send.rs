use std::rc::Rc;

use antflow::Route;

#[derive(Route)]
enum Document {
    Text(Rc<str>),
    Empty,
}

fn main() {}
