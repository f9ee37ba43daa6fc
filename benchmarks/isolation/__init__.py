"""What a hostile graph costs everybody else."""
