//! What a suite cannot do without, and how it comes to be there.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    child, debian,
    failure::{Failure, Result},
    place::Place,
    platforms, wine,
};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    /// A program on the search path, from wherever it came; else of this Debian package. The
    /// suite is told its path in this variable.
    Program {
        program: &'static str,
        package: &'static str,
        variable: &'static str,
    },
    /// Debian packages that cannot be told by a program's name.
    Packages(&'static [&'static str]),
    /// Python packages, in a virtual environment of their own.
    Python {
        /// Its folder below the target folder.
        folder: &'static str,
        /// The requirements file, below the workspace.
        requirements: &'static str,
        /// The suite is told the path of the environment's `python` in this variable.
        variable: Option<&'static str>,
    },
    /// The same, by Debian's own Python, whose packages it sees too.
    DebianPython {
        folder: &'static str,
        requirements: &'static str,
        variable: &'static str,
    },
    /// npm packages, in a folder of their own.
    Npm {
        /// Its folder below the target folder.
        folder: &'static str,
        /// The `package.json`, below the workspace.
        package: &'static str,
        /// The suite is told the folder in this variable, and Node.js in `DOORKEY_NODE`.
        variable: &'static str,
    },
    /// Stand-ins for a C compiler of another system.
    StubCompiler,
    /// Wine, as the runner of tests that were built for Windows.
    Wine,
}

/// What the suite's commands find in their environment.
pub(crate) type Environment = Vec<(&'static str, OsString)>;

/// Installs what is missing.
pub(crate) fn provide(needs: &[Need], place: &Place) -> Result<Environment> {
    // All at once, so that who may not install them is told of all.
    let packages: Vec<&str> = needs.iter().flat_map(Need::packages).copied().collect();
    debian::install(&packages, &place.root)?;

    let mut environment = Environment::new();
    for need in needs {
        match *need {
            Need::Program {
                program,
                package,
                variable,
            } => {
                let path = on_search_path(program).ok_or_else(|| {
                    Failure::new(format!(
                        "{package} is installed, but there is no {program} on PATH"
                    ))
                })?;
                environment.push((variable, path.into()));
            }
            Need::Packages(_) => {}
            Need::Python {
                folder,
                requirements,
                variable,
            } => {
                let python = provide_python(folder, requirements, Whose::Any, place)?;
                if let Some(variable) = variable {
                    environment.push((variable, python.into()));
                }
            }
            Need::DebianPython {
                folder,
                requirements,
                variable,
            } => {
                let python = provide_python(folder, requirements, Whose::Debian, place)?;
                environment.push((variable, python.into()));
            }
            Need::Npm {
                folder,
                package,
                variable,
            } => {
                let (modules, node) = provide_npm(folder, package, place)?;
                environment.push((variable, modules.into()));
                environment.push(("DOORKEY_NODE", node.into()));
            }
            Need::StubCompiler => environment.extend(platforms::provide_stub_compiler(place)?),
            Need::Wine => environment.extend(wine::provide(place)?),
        }
    }
    Ok(environment)
}

impl Need {
    /// The Debian packages that it takes on this machine.
    fn packages(&self) -> &[&'static str] {
        match self {
            Self::Program {
                program, package, ..
            } if on_search_path(program).is_none() => std::slice::from_ref(package),
            Self::Packages(packages) => packages,
            Self::Wine => &wine::PACKAGES,
            Self::Npm { .. } if on_search_path("npm").is_none() => &["nodejs", "npm"],
            _ => &[],
        }
    }
}

#[derive(Clone, Copy)]
enum Whose {
    Any,
    Debian,
}

/// The environment's `python`; the environment is made anew when the requirements have changed.
fn provide_python(
    folder: &str,
    requirements: &str,
    whose: Whose,
    place: &Place,
) -> Result<PathBuf> {
    let requirements = place.root.join(requirements);
    let wanted = fs::read_to_string(&requirements).map_err(Failure::while_(format!(
        "reading {}",
        requirements.display()
    )))?;
    let environment = place.target.join(folder);
    let python = program_in_venv(&environment, "python");
    // Written last, so that an installation which was cut short is not taken for a whole one.
    let installed = environment.join("installed.txt");
    if python.exists() && fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(python);
    }

    let (system, sees): (_, &[&str]) = match whose {
        Whose::Any => (system_python(place)?, &[]),
        Whose::Debian => {
            debian::install(&["python3", "python3-venv"], &place.root)?;
            (
                PathBuf::from("/usr/bin/python3"),
                &["--system-site-packages"],
            )
        }
    };
    child::must_succeed(
        child::command(system, &place.root)
            .args(["-m", "venv", "--clear"])
            .args(sees)
            .arg(&environment),
        "making a virtual environment",
    )?;
    child::must_succeed(
        child::command(&python, &place.root)
            .args(["-m", "pip", "install", "--quiet"])
            .args(["--disable-pip-version-check", "--requirement"])
            .arg(&requirements),
        "installing Python packages",
    )?;
    fs::write(&installed, wanted)
        .map_err(Failure::while_(format!("writing {}", installed.display())))?;
    Ok(python)
}

/// The folder with `node_modules`, and Node.js; installed anew when the `package.json` has changed.
fn provide_npm(folder: &str, package: &str, place: &Place) -> Result<(PathBuf, PathBuf)> {
    let program = |name: &str| {
        on_search_path(name).ok_or_else(|| Failure::new(format!("there is no {name} on PATH")))
    };
    let node = program("node")?;
    let package = place.root.join(package);
    let reading = format!("reading {}", package.display());
    let wanted = fs::read_to_string(&package).map_err(Failure::while_(reading))?;
    let folder = place.target.join(folder);
    // Written last, so that an installation which was cut short is not taken for a whole one.
    let installed = folder.join("installed.json");
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok((folder, node));
    }
    let write = |path: PathBuf| {
        let writing = format!("writing {}", path.display());
        fs::write(path, &wanted).map_err(Failure::while_(writing))
    };
    let making = format!("making {}", folder.display());
    fs::create_dir_all(&folder).map_err(Failure::while_(making))?;
    write(folder.join("package.json"))?;
    child::must_succeed(
        child::command(program("npm")?, &folder).args([
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
        ]),
        "installing npm packages",
    )?;
    write(installed)?;
    Ok((folder, node))
}

/// A Python that can make virtual environments: Debian splits that off its `python3`.
fn system_python(place: &Place) -> Result<PathBuf> {
    if let Some(python) = on_search_path("python3")
        && child::succeeds(child::command(&python, &place.root).args(["-c", "import ensurepip"]))?
    {
        return Ok(python);
    }
    debian::install(&["python3", "python3-venv"], &place.root)?;
    on_search_path("python3").ok_or_else(|| Failure::new("there is no python3 on PATH"))
}

pub(crate) fn program_in_venv(environment: &Path, program: &str) -> PathBuf {
    if cfg!(windows) {
        environment.join("Scripts").join(format!("{program}.exe"))
    } else {
        environment.join("bin").join(program)
    }
}

fn on_search_path(program: &str) -> Option<PathBuf> {
    find_program(program, &std::env::var_os("PATH")?)
}

fn find_program(program: &str, search_path: &OsString) -> Option<PathBuf> {
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(search_path)
        // An empty entry means the current folder, where nobody keeps their tools.
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_in_the_first_folder_that_has_it() {
        let here = std::env::current_exe().expect("our own path");
        let folder = here.parent().expect("a folder");
        let name = here.file_stem().expect("a name").to_string_lossy();
        let search_path =
            std::env::join_paths([Path::new("relative"), Path::new("/nowhere"), folder])
                .expect("a search path");
        assert_eq!(find_program(&name, &search_path), Some(here.clone()));
        assert_eq!(find_program("doorkey-no-such-program", &search_path), None);
    }
}
