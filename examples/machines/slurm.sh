#!/bin/bash
# Trains a recipe on four machines: sbatch slurm.sh. Its output is in slurm-JOB.out; if a machine fails, the job is put into
# the queue once more, five times at most, and goes on where the last whole epoch ended.
#SBATCH --job-name=train
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
set -eu

port=$((20000 + SLURM_JOB_ID % 20000)) # so that two jobs on a machine do not meet
names=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed "s/.*/\"&:$port\"/" | paste -sd,)
export names

# --kill-on-bad-exit: a machine that fails ends the job at once, and not when the others miss it.
srun --kill-on-bad-exit=1 bash -euc '
    export TF_CONFIG="{\"cluster\": {\"worker\": [$names]},
        \"task\": {\"type\": \"worker\", \"index\": $SLURM_PROCID}}"
    python -m zoo.recipes.sentiment --preset tweets --strategy workers --name mine
' || ended=$?

if [ "${ended:=0}" != 0 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 5 ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$ended"
