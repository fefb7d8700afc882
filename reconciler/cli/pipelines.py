"""Pipelines that `init --ci` writes: a pull request is validated and planned, and what was reviewed is applied by its digest.

Runners keep no disk, so that the journal lies in PostgreSQL; where, a secret says.
"""

from __future__ import annotations

from typing import Final

JOURNAL: Final = "JOURNAL_URL"

PIPELINES: Final = {
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
      - run: pipx install 'campaign-reconciler[postgres]'
      - run: reconciler validate
  plan:
    if: github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository
    runs-on: ubuntu-latest
    environment: plan
    steps:
      - uses: actions/checkout@v4
        with: {persist-credentials: false}
      - run: pipx install 'campaign-reconciler[postgres]'
      - run: reconciler plan --output-file markdown=plan.md && cat plan.md >> "$GITHUB_STEP_SUMMARY"
        env:
          JOURNAL_URL: ${{ secrets.JOURNAL_URL }}
          WOLKVOX_TOKEN: ${{ secrets.WOLKVOX_TOKEN }}
  apply:
    if: github.event_name == 'workflow_dispatch' && github.ref == 'refs/heads/main'
    runs-on: ubuntu-latest
    environment: production
    steps:
      - uses: actions/checkout@v4
        with: {persist-credentials: false}
      - run: pipx install 'campaign-reconciler[postgres]'
      - run: reconciler apply --digest "$DIGEST"
        env:
          DIGEST: ${{ inputs.digest }}
          JOURNAL_URL: ${{ secrets.JOURNAL_URL }}
          WOLKVOX_TOKEN: ${{ secrets.WOLKVOX_TOKEN }}
""",
    ),
    "gitlab": (
        ".gitlab-ci.yml",
        """\
# Merge requests are validated and planned; the default branch is applied by hand from the reviewed digest (DIGEST).
# JOURNAL_URL and WOLKVOX_TOKEN are masked, protected variables of the project.
stages: [check, apply]
default:
  image: python:3.12-slim
  before_script: ["pip install 'campaign-reconciler[postgres]'"]
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
  resource_group: reconciler
  environment: production
  script: ['reconciler apply --digest "$DIGEST"']
""",
    ),
    "bitbucket": (
        "bitbucket-pipelines.yml",
        """\
# Pull requests are validated and planned; the main branch is applied by hand from the reviewed digest (DIGEST).
# JOURNAL_URL and WOLKVOX_TOKEN are secured variables of the repository.
image: python:3.12-slim
pipelines:
  pull-requests:
    "**":
      - step:
          name: validate and plan
          script:
            - pip install 'campaign-reconciler[postgres]'
            - reconciler validate
            - reconciler plan --output-file markdown=plan.md
          artifacts: [plan.md]
  custom:
    apply:
      - variables: [{name: DIGEST}]
      - step:
          name: apply
          deployment: production
          script:
            - pip install 'campaign-reconciler[postgres]'
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
      - script: pipx install 'campaign-reconciler[postgres]'
      - script: reconciler validate
      - script: reconciler plan --output-file markdown=plan.md
        env: {JOURNAL_URL: $(JOURNAL_URL), WOLKVOX_TOKEN: $(WOLKVOX_TOKEN)}
  - deployment: apply
    condition: and(eq(variables['Build.Reason'], 'Manual'), eq(variables['Build.SourceBranch'], 'refs/heads/main'))
    environment: production
    pool: {vmImage: ubuntu-latest}
    strategy:
      runOnce:
        deploy:
          steps:
            - checkout: self
            - script: pipx install 'campaign-reconciler[postgres]'
            - script: reconciler apply --digest "$DIGEST"
              env: {DIGEST: '${{ parameters.digest }}', JOURNAL_URL: $(JOURNAL_URL), WOLKVOX_TOKEN: $(WOLKVOX_TOKEN)}
""",
    ),
}
