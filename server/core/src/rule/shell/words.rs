//! What single words mean to a shell: variables that decide on what is run, and texts in which nothing is.

use rable::{Node, NodeKind};

use crate::rule::text::Text;

/// Variables by which a command becomes another one, or begins to run something.
const DANGEROUS: [&str; 90] = [
    "PATH",
    "path",
    "FPATH",
    "fpath",
    "CDPATH",
    "cdpath",
    "IFS",
    "ENV",
    "SHELLOPTS",
    "BASHOPTS",
    "PS0",
    "PS1",
    "PS2",
    "PS4",
    "PROMPT",
    "PROMPT2",
    "RPROMPT",
    "PROMPT4",
    "PROMPT_COMMAND",
    "GLOBIGNORE",
    "HOME",
    "SHELL",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "BROWSER",
    "LESSOPEN",
    "LESSCLOSE",
    "MANPAGER",
    "MANOPT",
    "TAR_OPTIONS",
    "RSYNC_RSH",
    "SSH_ASKPASS",
    "SSH_SK_PROVIDER",
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "CC",
    "CXX",
    "CPP",
    "LD",
    "AR",
    "MAKEFLAGS",
    "MAKEFILES",
    "GNUMAKEFLAGS",
    "RUSTC",
    "RUSTFLAGS",
    "RUSTDOC",
    "ZDOTDIR",
    "NULLCMD",
    "READNULLCMD",
    "TERMINFO",
    "TERMINFO_DIRS",
    "GCONV_PATH",
    "LOCPATH",
    "NLSPATH",
    "TEXMFCNF",
    "OPENSSL_CONF",
    "KUBECONFIG",
    "DOCKER_HOST",
    "FUNCNEST",
    "EXECIGNORE",
    "PREFIX",
    "RIPGREP_CONFIG_PATH",
    "VIMINIT",
    "EXINIT",
    "FCEDIT",
    "WGETRC",
    "CURL_HOME",
    "SSLKEYLOGFILE",
    "INPUTRC",
    "MANROFFSEQ",
    "JAVA_OPTS",
    "JAVA_HOME",
    "VIRTUAL_ENV",
    "AWS_CONFIG_FILE",
    // What zsh has of its own under these names runs what is put there.
    "commands",
    "functions",
    "aliases",
    "galiases",
    "saliases",
    "options",
    "nameddirs",
    "userdirs",
    "modules",
    "module_path",
    "MODULE_PATH",
    "prompt",
    "STTY",
    "ARGV0",
];

/// Ends of their names.
const DANGEROUS_ENDS: [&str; 7] = [
    "_PAGER", "_EDITOR", "_BROWSER", "_WRAPPER", "_COMMAND", "_ADDOPTS", "_PLUGINS",
];

/// Beginnings of their names.
const DANGEROUS_FAMILIES: [&str; 31] = [
    "LD_", "DYLD_", "BASH_", "GIT_", "PYTHON", "PERL", "RUBY", "NODE_", "LESS", "CARGO_", "RUSTC_",
    "PIP_", "UV_", "XDG_", "SUDO_", "LUA_", "PHP_", "MAVEN_", "GRADLE_", "GO", "OPENSSL_",
    "GROFF_", "BUNDLE_", "GEM_", "YARN_", "DOTNET_", "SYSTEMD_", "DENO_", "BUN_", "TS_NODE_",
    "dis_",
];

/// Those of their names that only say who, when and what.
const HARMLESS_FAMILIES: [&str; 5] = [
    "GIT_AUTHOR_",
    "GIT_COMMITTER_",
    "NODE_ENV",
    "CARGO_TERM_",
    "PYTHONUNBUFFERED",
];

/// Whether what this variable holds decides on what is run.
pub(super) fn is_dangerous(name: &str) -> bool {
    let begins = |families: &[&str]| families.iter().any(|family| name.starts_with(family));
    // npm reads it in capitals, too, and in a mixture.
    let is_npm = || name.to_ascii_lowercase().starts_with("npm_config_");
    let ends = || DANGEROUS_ENDS.iter().any(|end| name.ends_with(end));
    let is_one = DANGEROUS.contains(&name) || is_npm() || ends();
    is_one || begins(&DANGEROUS_FAMILIES) && !begins(&HARMLESS_FAMILIES)
}

/// Whether a word that stands first is an assignment.
pub(super) fn is_assignment(node: &Node) -> bool {
    let NodeKind::Word { value, .. } = &node.kind else {
        return false;
    };
    let name = value.split_once('=').map(|(name, _)| name);
    let name = name.map(|name| name.split(['[', '+']).next().unwrap_or_default());
    name.is_some_and(is_name)
}

pub(super) fn is_name(text: &str) -> bool {
    let is_digit = text.starts_with(|c: char| c.is_ascii_digit());
    !text.is_empty() && !is_digit && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether an argument sets a variable, as `NAME=value` or by its name alone, that decides on what is run.
pub(super) fn assigns_dangerously(text: &Text) -> bool {
    let text = text.shown();
    let name = text.split(['=', '[', '+']).next().unwrap_or_default();
    // `read -aPATH` has it behind its letters.
    let behind = name.starts_with('-').then(|| name.char_indices());
    let mut behind = behind.into_iter().flatten();
    // What can't be read may be any name.
    let is_it = |name: &str| name.contains('…') || is_dangerous(name);
    is_it(name) || behind.any(|(at, _)| name.get(at..).is_some_and(is_it))
}

/// Whether a builtin that sets variables may set one that decides on what is run.
pub(super) fn sets_dangerously(name: &str, arguments: &[Text]) -> bool {
    let any = |is_so: &dyn Fn(&Text) -> bool| arguments.iter().any(is_so);
    let has_letter = |letter: char| {
        any(&|word| {
            let word = word.shown();
            word.starts_with('-') && !word.starts_with("--") && word.contains([letter, '…'])
        })
    };
    match name {
        // What they print or compare are no names.
        "test" | "[" => false,
        "set" => !sets_plainly(arguments),
        "printf" => arguments.first().is_some_and(may_name_variable),
        "wait" => has_letter('p'),
        "getopts" => arguments.get(1).is_none_or(assigns_dangerously),
        // `declare -n x=PATH` gives it another name.
        "declare" | "typeset" | "local" | "readonly" if has_letter('n') => true,
        _ => any(&assigns_dangerously),
    }
}

/// Whether the first argument of `printf` may be its option that names a variable.
pub(super) fn may_name_variable(first: &Text) -> bool {
    let first = first.shown();
    first.starts_with("-v")
        || first.starts_with('…')
        || first.starts_with('-') && first.contains('…')
}

/// Options of a shell by which it only goes on otherwise where something fails, or says more.
pub(super) const PLAIN_OPTIONS: [&str; 9] = [
    "pipefail",
    "errexit",
    "nounset",
    "xtrace",
    "verbose",
    "noglob",
    "noclobber",
    "errtrace",
    "functrace",
];

/// Whether `set` changes no more than how a program goes on where something fails, and what its parameters are.
pub(super) fn sets_plainly(arguments: &[Text]) -> bool {
    const LETTERS: &str = "abefhmnuvxBCEHT";
    let mut words = arguments.iter().map(Text::shown);
    while let Some(word) = words.next() {
        if word.starts_with('…') {
            return false;
        }
        let Some(letters) = word.strip_prefix(['-', '+']) else {
            return true;
        };
        if word == "--" || word == "-" {
            return true;
        }
        let (letters, has_name) = match letters.strip_suffix('o') {
            Some(letters) => (letters, true),
            None => (letters, false),
        };
        let mut is_named = || {
            words
                .next()
                .is_none_or(|name| PLAIN_OPTIONS.contains(&name.as_str()))
        };
        if !letters.chars().all(|c| LETTERS.contains(c)) || has_name && !is_named() {
            return false;
        }
    }
    true
}

/// Whether an argument is of the form `NAME=value`.
pub(super) fn assigns(text: &Text) -> bool {
    let text = text.shown();
    text.split_once('=').is_some_and(|(name, _)| is_name(name))
}

/// Whether an option of `mapfile` names what is run for its lines.
pub(super) fn has_callback(word: &Text) -> bool {
    let word = word.shown();
    word.starts_with('…') || word.starts_with('-') && word.contains(['C', '…'])
}

/// Whether all that is looked up in a text are variables by their names, so that nothing is run.
pub(super) fn has_only_names(text: &str) -> bool {
    let runs = ["`", "<(", ">(", "=("];
    if runs.iter().any(|run| text.contains(run)) {
        return false;
    }
    text.split('$').skip(1).all(|rest| {
        let inner = rest.strip_prefix('{');
        match inner.map(|inner| inner.split_once('}')) {
            Some(Some((name, _))) => is_name(name),
            Some(None) => false,
            None => !rest.starts_with(['(', '[', '\'', '"']),
        }
    })
}

/// Whether an arithmetic expression is made of numbers, names and operators alone.
pub(super) fn is_plain_arithmetic(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_ \t\n+-*/%<>=!&|^~?:,()".contains(c);
    text.split('$').all(|part| part.chars().all(plain))
        && !text.contains("$(")
        && !text.contains("<(")
        && !text.contains(">(")
}

/// Whether each here-document of a program ends where everybody sees its end: at a line that is a plain word.
pub(super) fn has_plain_heredocs(source: &str) -> bool {
    let mut rest = source;
    while let Some((_, after)) = rest.split_once("<<") {
        rest = after;
        if let Some(after) = after.strip_prefix('<') {
            // A here-string.
            rest = after;
            continue;
        }
        let word = after.strip_prefix('-').unwrap_or(after);
        let word = word.trim_start_matches([' ', '\t']);
        if !begins_with_plain_word(word) {
            return false;
        }
    }
    true
}

fn begins_with_plain_word(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (text, quote) = match text.chars().next() {
        Some(quote @ ('\'' | '"')) => (text.strip_prefix(quote).unwrap_or_default(), Some(quote)),
        Some('\\') => (text.strip_prefix('\\').unwrap_or_default(), None),
        _ => (text, None),
    };
    let after = text.trim_start_matches(plain);
    let is_empty = after.len() == text.len();
    let after = match quote {
        Some(quote) => after.strip_prefix(quote),
        None => Some(after),
    };
    let ends = |after: &str| {
        let next = after.chars().next();
        next.is_none_or(|c| matches!(c, ' ' | '\t' | '\n' | ';' | '&' | '|' | ')' | '>' | '<'))
    };
    !is_empty && after.is_some_and(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_up_by_name_runs_nothing() {
        for plain in ["", "a", "$a", "${a}b", "$1 $", "a$", "^x$", "\"$a\""] {
            assert!(has_only_names(plain), "{plain}");
        }
        for runs in ["$(a)", "`a`", "${a:-b}", "${a[0]}", "$[1]", "<(a)", "${a"] {
            assert!(!has_only_names(runs), "{runs}");
        }
    }

    #[test]
    fn plain_words_end_here_documents() {
        for plain in [
            "cat <<E\nx\nE",
            "cat <<'E'",
            "cat <<-\"E\" | b",
            "cat <<\\E\n",
            "a <<<$'x'",
            "1",
        ] {
            assert!(has_plain_heredocs(plain), "{plain}");
        }
        for odd in [
            "cat <<$'E'\n",
            "cat <<E'F'\n",
            "cat <<a\\ b",
            "cat <<",
            "cat <<''\n",
            "cat <<`E`",
        ] {
            assert!(!has_plain_heredocs(odd), "{odd}");
        }
    }

    #[test]
    fn variables_that_decide_on_what_is_run() {
        for name in ["PATH", "LD_PRELOAD", "BASH_ENV", "GIT_SSH_COMMAND", "IFS"] {
            assert!(is_dangerous(name), "{name}");
        }
        for name in [
            "FOO",
            "NODE_ENV",
            "GIT_AUTHOR_NAME",
            "PATHS",
            "TZ",
            "LC_ALL",
        ] {
            assert!(!is_dangerous(name), "{name}");
        }
    }
}
