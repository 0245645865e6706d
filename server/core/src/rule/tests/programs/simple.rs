//! Simple commands, however their names are spelled and whatever stands around them.

use proptest::prelude::*;

/// In single quotes, or in double ones.
pub(super) fn quoted(program: &str, single: bool) -> String {
    match single {
        true => format!("'{}'", program.replace('\'', r"'\''")),
        false => {
            let mut quoted = String::from("\"");
            for c in program.chars() {
                if "\\\"$`".contains(c) {
                    quoted.push('\\');
                }
                quoted.push(c);
            }
            quoted + "\""
        }
    }
}

/// By the numbers of its characters.
fn escaped(command: &str) -> String {
    let bytes = command.bytes();
    bytes.map(|byte| format!("\\x{byte:02x}")).collect()
}

fn name(command: &'static str) -> impl Strategy<Value = String> {
    (0..24_usize).prop_map(move |way| {
        let (first, rest) = command.split_at(1);
        match way {
            14 => format!("/bin//{command}"),
            15 => format!("../bin/{command}"),
            16 => format!("$'{}'", escaped(command)),
            17 => format!("{first}?"),
            18 => format!("{{{command},y}}"),
            19 => format!("{first}{{{rest},y}}"),
            20 => format!("{first}$x{rest}"),
            21 => format!("{first}$(){rest}"),
            22 => format!("/*/{command}"),
            23 => format!("$\"{command}\""),
            0 | 1 => command.to_owned(),
            2 => format!("/bin/{command}"),
            3 => format!("./{command}"),
            4 => format!("\\{command}"),
            5 => format!("'{command}'"),
            6 => format!("\"{command}\""),
            7 => format!("{first}'{rest}'"),
            8 => format!("{first}\\{rest}"),
            9 => format!("$'{command}'"),
            10 => format!("/usr/../bin/{first}\"\"{rest}"),
            11 => format!("{first}\\\n{rest}"),
            12 => format!("''{command}"),
            _ => format!("\"\"{first}\"{rest}\""),
        }
    })
}

/// A simple command and what may stand around it.
pub(super) fn simple(command: &'static str) -> impl Strategy<Value = String> {
    let arguments = prop::sample::select(vec![
        "",
        " x",
        " -rf /",
        " \"$HOME\"",
        " $x",
        " *",
        " 'a b'",
        " x 2>&1",
        " x >/dev/null",
        " -- {a,b}",
        " é",
        " x#y",
        " ~/x",
        " \"a'b\"",
    ]);
    let prefix = prop::sample::select(vec![
        "",
        "",
        "FOO=1 ",
        "A=b C=\"d e\" ",
        ">/dev/null ",
        "! ",
        "time ",
        "</dev/null ",
        "A=(b) ",
        "A[0]=$(ls) ",
        "{fd}>/dev/null ",
        "<<<x ",
    ]);
    (prefix, name(command), arguments)
        .prop_map(|(prefix, name, arguments)| format!("{prefix}{name}{arguments}"))
}
