"""init and import: how a project begins, and how what is live becomes part of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import Shared, common
from reconciler.cli.output import data, note, write_file
from reconciler.cli.workspace import open_project, open_session
from reconciler.errors import Mistaken
from reconciler.project import FILE_NAME
from reconciler.resource import Address

_PROJECT: Final = """\
# yaml-language-server: $schema=schema/project.schema.json
version: 1
journal: .reconciler/journal.db
targets:
  # One target is one account on one platform. A secret is always {env: NAME} or {file: PATH}, never written here.
  wolkvox-co:
    platform: wolkvox              # lynn | wolkvox | ucontact
    server: "0010"                 # -> https://wv0010.wolkvox.com
    token: {env: WOLKVOX_TOKEN}
    country: CO
    timezone: America/Bogota
policies:
  max_deletes: {share: 30%, floor: 10}
  max_updates: {share: 30%, floor: 10}
  max_row_removals: {share: 10%, floor: 50}
  max_people: 20000
  max_new_people: 5000
  max_lifts: 0
  max_calls: 900
"""

_SPEC: Final = """\
# yaml-language-server: $schema=../schema/document.schema.json
kind: campaign
target: wolkvox-co
name: bienvenida
state: stopped
purpose: service
service: requested
window: {from: 08:00, to: 18:00}
wolkvox:
  type: predictive
  skill: ventas
  speed: 10
"""

_IGNORE: Final = ".reconciler/\n"

_PIPELINES: Final = {
    "github": (
        ".github/workflows/reconciler.yml",
        """\
# Pull requests are validated and planned; what is merged is applied by hand from the reviewed digest.
# Pull requests from forks get no secrets, so they are only validated.
name: reconciler
on:
  pull_request:
  workflow_dispatch:
    inputs:
      digest: {description: the digest that was reviewed, required: true}
permissions: {contents: read}
concurrency: {group: reconciler, cancel-in-progress: false}
jobs:
  validate:
    if: github.event_name == 'pull_request'
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {persist-credentials: false}
      - run: pipx install campaign-reconciler
      - run: reconciler validate
  plan:
    if: github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository
    runs-on: ubuntu-latest
    environment: plan
    steps:
      - uses: actions/checkout@v4
        with: {persist-credentials: false}
      - run: pipx install campaign-reconciler
      - run: reconciler plan --output-file markdown=plan.md && cat plan.md >> "$GITHUB_STEP_SUMMARY"
        env:
          WOLKVOX_TOKEN: ${{ secrets.WOLKVOX_TOKEN }}
  apply:
    if: github.event_name == 'workflow_dispatch' && github.ref == 'refs/heads/main'
    runs-on: [self-hosted, reconciler]   # a runner that keeps the journal's disk
    environment: production
    steps:
      - uses: actions/checkout@v4
        with: {persist-credentials: false, clean: false}
      - run: pipx install campaign-reconciler
      - run: reconciler apply --digest "$DIGEST"
        env:
          DIGEST: ${{ inputs.digest }}
          WOLKVOX_TOKEN: ${{ secrets.WOLKVOX_TOKEN }}
""",
    ),
    "gitlab": (
        ".gitlab-ci.yml",
        """\
# Merge requests are validated and planned; the default branch is applied by hand from the reviewed digest (DIGEST).
stages: [check, apply]
default:
  image: python:3.12-slim
  before_script: [pip install campaign-reconciler]
validate:
  stage: check
  rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event"}]
  script: [reconciler validate]
plan:
  stage: check
  rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event" && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID}]
  script: [reconciler plan --output-file markdown=plan.md]
  artifacts: {paths: [plan.md]}
apply:
  stage: apply
  rules: [{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH, when: manual}]
  tags: [reconciler]   # a runner that keeps the journal's disk
  resource_group: reconciler
  environment: production
  script: ['reconciler apply --digest "$DIGEST"']
""",
    ),
    "bitbucket": (
        "bitbucket-pipelines.yml",
        """\
# Pull requests are validated and planned; the main branch is applied by hand from the reviewed digest (DIGEST).
image: python:3.12-slim
pipelines:
  pull-requests:
    "**":
      - step:
          name: validate and plan
          script:
            - pip install campaign-reconciler
            - reconciler validate
            - reconciler plan --output-file markdown=plan.md
          artifacts: [plan.md]
  custom:
    apply:
      - variables: [{name: DIGEST}]
      - step:
          name: apply
          runs-on: [self.hosted, reconciler]   # a runner that keeps the journal's disk
          deployment: production
          script:
            - pip install campaign-reconciler
            - reconciler apply --digest "$DIGEST"
""",
    ),
    "azure": (
        "azure-pipelines.yml",
        """\
# Pull requests are validated and planned; main is applied by hand from the reviewed digest.
trigger: none
pr: [main]
parameters:
  - {name: digest, type: string, default: ' '}
jobs:
  - job: check
    condition: eq(variables['Build.Reason'], 'PullRequest')
    pool: {vmImage: ubuntu-latest}
    steps:
      - script: pipx install campaign-reconciler
      - script: reconciler validate
      - script: reconciler plan --output-file markdown=plan.md
        env: {WOLKVOX_TOKEN: $(WOLKVOX_TOKEN)}
  - deployment: apply
    condition: and(eq(variables['Build.Reason'], 'Manual'), eq(variables['Build.SourceBranch'], 'refs/heads/main'))
    environment: production
    pool: reconciler   # an agent that keeps the journal's disk
    strategy:
      runOnce:
        deploy:
          steps:
            - checkout: self
              clean: false
            - script: pipx install campaign-reconciler
            - script: reconciler apply --digest "$DIGEST"
              env: {DIGEST: '${{ parameters.digest }}', WOLKVOX_TOKEN: $(WOLKVOX_TOKEN)}
""",
    ),
}


@click.command()
@click.argument("folder", required=False, default=".", type=click.Path(path_type=Path, file_okay=False))
@click.option("--ci", type=click.Choice(sorted(_PIPELINES)), help="Write pipeline files too.")
@common
def init(shared: Shared, folder: Path, ci: str | None) -> int:
    """Scaffold a project: reconciler.yaml, a first document, an own journal; never overwrites a file."""
    from reconciler.schema import schemas

    files = {FILE_NAME: _PROJECT, "specs/bienvenida.yaml": _SPEC}
    if ci:
        name, text = _PIPELINES[ci]
        files[name] = text
    taken = [name for name in files if (folder / name).exists()]
    if taken:
        raise Mistaken(
            say("{files} exist already", files=", ".join(taken)),
            code="PRJ001",
            remedy=say("choose an empty folder; nothing was written"),
        )
    for name, text in files.items():
        write_file(folder / name, text)
    import json

    for name, schema in schemas().items():
        write_file(folder / "schema" / name, json.dumps(schema, indent=2, ensure_ascii=False) + "\n")
    _ignore(folder)
    from reconciler.reconcile.adopt import pin_journal

    with open_session(open_project(_in(shared, folder))) as session:
        pin_journal(session)
        identifier = session.journal.id
    for name in files:
        data(str(folder / name))
    note(shared, say("journal {id}: keep it, and keep a copy; without it people would be contacted again", id=identifier))
    note(shared, say("next: edit reconciler.yaml and specs/, then 'reconciler validate' and 'reconciler plan'"))
    return exits.DONE


def _in(shared: Shared, folder: Path) -> Shared:
    from dataclasses import replace

    return replace(shared, project=folder / FILE_NAME)


def _ignore(folder: Path) -> None:
    path = folder / ".gitignore"
    known = path.read_text("utf-8") if path.exists() else ""
    if _IGNORE.strip() not in known.splitlines():
        path.write_text(known + ("" if known.endswith("\n") or not known else "\n") + _IGNORE, "utf-8")


@click.command("import")
@click.argument("address")
@common
def import_(shared: Shared, address: str) -> int:
    """Adopt the live object at ADDRESS (target/kind/name): a journal entry, and a document where none wishes it."""
    from reconciler.reconcile.adopt import adopt

    try:
        place = Address.parse(address)
    except ValueError:
        raise click.UsageError(say("'{word}' is not an address; write target/kind/name", word=address)) from None
    with open_session(open_project(shared)) as session:
        done = adopt(session, place)
    note(shared, say("adopted {address} (live id {id})", address=done.address, id=done.id))
    if done.rows:
        note(shared, say("{count:,} rows that are there now may be removed later by 'missing:'", count=done.rows))
    if done.written:
        data(str(done.written))
    return exits.DONE
